import type { Request } from 'express'

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i

/**
 * The password for a link, as browsers and curl send it (RFC 7617, whatever the user name), or plainly in
 * `X-Link-Password`. @returns null when there is none.
 */
export function linkPasswordOf({ headersDistinct }: Request): string | null {
  const own = headersDistinct['x-link-password']
  if (own !== undefined) return own.length === 1 ? utf8Of(own[0]!, 'latin1') : null
  const lines = headersDistinct.authorization ?? []
  const encoded = lines.length === 1 ? basic.exec(lines[0]!)?.[1] : undefined
  if (encoded === undefined) return null
  const credentials = utf8Of(encoded, 'base64')
  const colon = credentials.indexOf(':')
  return colon < 0 ? null : credentials.slice(colon + 1)
}

/** Node reads headers as Latin-1, while everybody sends UTF-8. */
function utf8Of(text: string, encoding: 'latin1' | 'base64'): string {
  return Buffer.from(text, encoding).toString('utf8')
}
