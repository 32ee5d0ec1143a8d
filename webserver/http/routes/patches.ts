import type { Request, Response } from 'express'
import type { Caller } from '../../domain/account'
import { isAppError } from '../../domain/errors'
import type { FileKey } from '../../domain/file'
import type { Timing } from '../../domain/timing'
import type { FileService } from '../../services/file-service'
import type { AppendResult } from '../../services/uploads/appends'
import { writeConditionOf } from '../conditional'
import { fileParams, fileSchema, fileView } from '../file-view'
import { acceptPatch, appendOf, patchReaderOf } from '../patches/patch-of'
import { prefersAsync } from '../preferences'
import { defineRoute, type Answer, type Route } from '../route'
import { BodyDigests } from '../uploads/body-digests'
import { digestWishes, requireIdentityCoding, writtenHeaders } from '../uploads/exchange'
import { requestBody } from '../uploads/request-body'
import { writeErrors } from '../uploads/write-errors'

export interface PatchRouteOptions {
  /** Ranges of one request. */
  patchPartsMax: number
  /** How long a body may stand still. */
  bodyIdleTimeoutMs: number
}

export function patchRoutes(files: FileService, options: PatchRouteOptions): Route[] {
  return [patch(files, options)]
}

function patch(files: FileService, options: PatchRouteOptions): Route {
  return defineRoute(
    {
      method: 'patch',
      path: '/v1/files/:owner/*path',
      summary: 'Change a part of a file, or add to its end',
      access: 'session',
      params: fileParams,
      rawBody:
        'Bytes for the end (application/octet-stream, with Upload-Offset where the file is believed to end), ' +
        'application/x-sabredav-partialupdate with X-Update-Range, message/byterange or multipart/byteranges. ' +
        'If-Match is needed unless the place names where the file ends. Content-Digest is verified. With `Prefer: ' +
        'respond-async` bytes for the end may be answered before they are durable; nothing for the end makes them so.',
      advertises: { 'Accept-Patch': acceptPatch, 'Want-Content-Digest': digestWishes },
      responses: {
        200: { description: 'Changed.', schema: fileSchema },
        201: { description: 'Created, where If-None-Match asked for that.', schema: fileSchema },
        202: {
          description:
            'Held in memory up to `Upload-Offset`, to be durable soon; as `Prefer: respond-async` allowed.',
        },
      },
      errors: [...writeErrors, 'conflict', 'range_not_satisfiable'],
    },
    async ({ caller, params: key, timing, req, res }) => {
      res.setHeader('Accept-Patch', acceptPatch)
      res.setHeader('Want-Content-Digest', digestWishes)
      requireIdentityCoding(req.headers)
      return tellingTheEnd(res, async () =>
        answerOf(await change(files, { caller, key, timing, req, res }, options)),
      )
    },
  )
}

interface PatchCall {
  caller: Caller
  key: FileKey
  timing: Timing
  req: Request
  res: Response
}

function change(
  files: FileService,
  { caller, key, timing, req, res }: PatchCall,
  { patchPartsMax, bodyIdleTimeoutMs }: PatchRouteOptions,
): Promise<AppendResult> {
  const { headers } = req
  const partsOf = patchReaderOf(headers, patchPartsMax)
  const condition = writeConditionOf(headers)
  const digests = new BodyDigests(headers)
  const openBody = () => digests.through(requestBody(req, res, bodyIdleTimeoutMs))
  const append = appendOf(headers)
  const mayBeHeld = prefersAsync(headers)
  // Nothing for the end asks for what is held before it.
  if (append !== null && (mayBeHeld || append.lengthBytes === 0))
    return files.append(caller, { key, condition, ...append, mayBeHeld, openBody }, timing)
  return files.patch(caller, { key, condition, parts: () => partsOf(openBody()) }, timing)
}

function answerOf(result: AppendResult): Answer {
  if ('heldToBytes' in result) {
    const offset = String(result.heldToBytes)
    const headers = { 'Preference-Applied': 'respond-async', 'Upload-Offset': offset }
    return { status: 202, headers }
  }
  const { file, created } = result
  return { status: created ? 201 : 200, headers: writtenHeaders(file), body: fileView(file) }
}

/** Who believed the file to end elsewhere is told where it does. */
async function tellingTheEnd<T>(res: Response, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const endBytes = isAppError(error, 'conflict') ? error.members?.['offsetBytes'] : undefined
    if (endBytes !== undefined) res.setHeader('Upload-Offset', String(endBytes))
    throw error
  }
}
