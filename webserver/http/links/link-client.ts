import type { Request } from 'express'
import type { DownloadOptions } from '../downloads/send-file'

/** nginx says who came to it; what clients say about that it overwrites. */
export function clientOf(req: Request, { viaNginx }: DownloadOptions): string {
  return (viaNginx ? req.get('x-real-ip') : req.socket.remoteAddress) ?? ''
}

const laterPart = /^bytes=0*[1-9]\d*-\d*$/

/** Who continues a download, or fetches it in several parts, asks for one that does not begin it. */
export function continues({ headers }: Request): boolean {
  return laterPart.test(headers.range ?? '')
}
