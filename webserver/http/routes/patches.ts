import type { FileService } from '../../services/file-service'
import { writeConditionOf } from '../conditional'
import { fileParams, fileSchema, fileView } from '../file-view'
import { acceptPatch, patchReaderOf } from '../patches/patch-of'
import { defineRoute, type Route } from '../route'
import { BodyDigests } from '../uploads/body-digests'
import { digestWishes, requireIdentityCoding, writtenHeaders } from '../uploads/exchange'
import { requestBody } from '../uploads/request-body'

export interface PatchRouteOptions {
  /** Ranges of one request. */
  patchPartsMax: number
  /** How long a body may stand still. */
  bodyIdleTimeoutMs: number
}

export function patchRoutes(files: FileService, options: PatchRouteOptions): Route[] {
  return [patch(files, options)]
}

function patch(
  files: FileService,
  { patchPartsMax: partsMax, bodyIdleTimeoutMs }: PatchRouteOptions,
): Route {
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
        'If-Match is needed unless the place names where the file ends. Content-Digest is verified.',
      advertises: { 'Accept-Patch': acceptPatch, 'Want-Content-Digest': digestWishes },
      responses: {
        200: { description: 'Changed.', schema: fileSchema },
        201: { description: 'Created, where If-None-Match asked for that.', schema: fileSchema },
      },
      errors: [
        'not_found',
        'forbidden',
        'conflict',
        'precondition_failed',
        'precondition_required',
        'range_not_satisfiable',
        'too_large',
        'unsupported',
        'quota_exceeded',
        'storage_full',
      ],
    },
    async ({ caller, params, timing, req, res }) => {
      const { headers } = req
      res.setHeader('Accept-Patch', acceptPatch)
      res.setHeader('Want-Content-Digest', digestWishes)
      requireIdentityCoding(headers)
      const partsOf = patchReaderOf(headers, partsMax)
      const digests = new BodyDigests(headers)
      const { file, created } = await files.patch(
        caller,
        {
          key: params,
          condition: writeConditionOf(headers),
          parts: () => partsOf(digests.through(requestBody(req, res, bodyIdleTimeoutMs))),
        },
        timing,
      )
      return { status: created ? 201 : 200, headers: writtenHeaders(file), body: fileView(file) }
    },
  )
}
