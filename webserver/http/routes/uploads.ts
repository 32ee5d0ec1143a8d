import type { Request } from 'express'
import { z } from 'zod'
import type { Caller } from '../../domain/account'
import { AppError, type ErrorCode } from '../../domain/errors'
import type { ResumableUploads } from '../../services/uploads/resumable-uploads'
import { defineRoute, type Answer, type Call, type Route, type RouteStatement } from '../route'
import { announcementOf } from '../uploads/announcement'
import { pieceOf } from '../uploads/piece'
import {
  locationOf,
  pieceHeaders,
  protocolHeaders,
  sessionHeaders,
  uploadSchema,
  uploadView,
  type UploadLimits,
} from '../uploads/tus-answers'
import {
  bytesOf,
  concatenationOf,
  lengthOf,
  requirePieceType,
  requireTusVersion,
  tusVersion,
} from '../uploads/tus-fields'

export interface UploadRouteOptions extends UploadLimits {
  /** How long a body may stand still. */
  bodyIdleTimeoutMs: number
  uploadMetadataBytesMax: number
}

const collection = '/v1/uploads'
const one = '/v1/uploads/:id'
const params = z.strictObject({ id: z.string().max(64) })
const refusals = [
  'not_found',
  'forbidden',
  'gone',
  'conflict',
  'locked',
  'precondition_failed',
  'precondition_required',
  'too_large',
  'unsupported',
  'checksum_mismatch',
  'rate_limited',
  'quota_exceeded',
  'storage_full',
] as const satisfies readonly ErrorCode[]

/** tus 1.0.0 (https://tus.io/protocols/resumable-upload), and what uploads are open as JSON. */
export function uploadRoutes(uploads: ResumableUploads, options: UploadRouteOptions): Route[] {
  return [
    list(uploads),
    begin(uploads, options),
    // Before GET, which would answer HEAD as well.
    head(uploads),
    get(uploads),
    write(uploads, options),
    terminate(uploads),
    override(uploads, options),
  ]
}

function list(uploads: ResumableUploads): Route {
  return defineRoute(
    {
      method: 'get',
      path: collection,
      summary: 'The uploads that you have open, oldest first',
      access: 'session',
      responses: {
        200: {
          description: 'All of them.',
          schema: z.strictObject({ uploads: z.array(uploadSchema) }),
        },
      },
    },
    async ({ caller }) => ({
      status: 200,
      body: { uploads: (await uploads.list(caller)).map(uploadView) },
    }),
  )
}

function begin(uploads: ResumableUploads, options: UploadRouteOptions): Route {
  return defineRoute(
    {
      method: 'post',
      path: collection,
      summary: 'Begin a resumable upload, with its first bytes or without',
      access: 'session',
      advertises: protocolHeaders(options),
      rawBody:
        'Nothing, or the first bytes as application/offset+octet-stream. Upload-Metadata names `path` (or `filename`), `owner` (you, unless said) and `filetype`; other names become metadata of the file.',
      responses: { 201: { description: 'Begun; `Location` is where it goes on.' } },
      errors: refusals,
    },
    async (call) => {
      const { caller, timing, req, res } = call
      speakTus(call)
      const concatenation = concatenationOf(req.headers)
      const asked = announcementOf(req.headers, caller, options)
      if (concatenation?.kind === 'final') {
        const joined = await uploads.join(caller, { ...asked, partIds: concatenation.ids }, timing)
        return created({ ...pieceHeaders(joined), Location: locationOf(joined.session.id) })
      }
      const kind = concatenation === null ? 'file' : concatenation.kind
      const piece = hasBody(req) ? pieceOf(req, res, options) : null
      if (piece !== null) requirePieceType(req.headers)
      const onBegun = (id: string) => void res.setHeader('Location', locationOf(id))
      const result = await uploads.begin(
        caller,
        { ...asked, kind, lengthBytes: lengthOf(req.headers) },
        { piece, onBegun, timing },
      )
      return created(pieceHeaders(result))
    },
  )
}

function created(headers: Record<string, string>): Answer {
  return { status: 201, headers }
}

function head(uploads: ResumableUploads): Route {
  return defineRoute(
    {
      method: 'head',
      path: one,
      summary: 'How far a resumable upload is',
      access: 'session',
      params,
      responses: { 200: { description: 'In `Upload-Offset`.' } },
      errors: refusals,
    },
    async (call) => {
      speakTus(call)
      return answerHead(uploads, call)
    },
  )
}

async function answerHead(uploads: ResumableUploads, call: SessionCall): Promise<Answer> {
  const session = await uploads.settled(call.caller, call.params.id, call.timing)
  return { status: 200, headers: { 'Cache-Control': 'no-store', ...sessionHeaders(session) } }
}

function get(uploads: ResumableUploads): Route {
  return defineRoute(
    {
      method: 'get',
      path: one,
      summary: 'A resumable upload, and what it became',
      access: 'session',
      params,
      responses: { 200: { description: 'The upload.', schema: uploadSchema } },
      errors: ['not_found', 'gone'],
    },
    async ({ caller, params: { id } }) => ({
      status: 200,
      body: uploadView(await uploads.find(caller, id)),
    }),
  )
}

function write(uploads: ResumableUploads, options: UploadRouteOptions): Route {
  return defineRoute(
    {
      method: 'patch',
      path: one,
      summary: 'Go on with a resumable upload',
      access: 'session',
      params,
      advertises: protocolHeaders(options),
      rawBody: 'The bytes from `Upload-Offset` on, as application/offset+octet-stream.',
      responses: {
        204: { description: 'Durable up to `Upload-Offset`; `Content-Location` of a file.' },
      },
      errors: refusals,
    },
    (call) => answerWrite(uploads, options, call),
  )
}

type SessionCall = Pick<Call<RouteStatement>, 'timing' | 'req' | 'res'> & {
  caller: Caller
  params: { id: string }
}

async function answerWrite(
  uploads: ResumableUploads,
  options: UploadRouteOptions,
  call: SessionCall,
): Promise<Answer> {
  const { caller, timing, req, res } = call
  speakTus(call)
  requirePieceType(req.headers)
  const offsetBytes = bytesOf(req.headers, 'Upload-Offset')
  if (offsetBytes === null)
    throw new AppError('invalid', 'Upload-Offset is needed', { field: 'Upload-Offset' })
  const lengthBytes = bytesOf(req.headers, 'Upload-Length')
  const position = { id: call.params.id, offsetBytes, lengthBytes }
  const result = await uploads.write(caller, position, pieceOf(req, res, options), timing)
  return { status: 204, headers: pieceHeaders(result) }
}

function terminate(uploads: ResumableUploads): Route {
  return defineRoute(
    {
      method: 'delete',
      path: one,
      summary: 'Give a resumable upload up',
      access: 'session',
      params,
      responses: { 204: { description: 'Gone, and its room is free.' } },
      errors: ['not_found', 'gone', 'precondition_failed'],
    },
    (call) => answerTerminate(uploads, call),
  )
}

async function answerTerminate(uploads: ResumableUploads, call: SessionCall): Promise<Answer> {
  speakTus(call)
  await uploads.terminate(call.caller, call.params.id)
  return { status: 204 }
}

/** For clients that can send no other verb. */
function override(uploads: ResumableUploads, options: UploadRouteOptions): Route {
  return defineRoute(
    {
      method: 'post',
      path: one,
      summary: 'PATCH, DELETE or HEAD, as X-HTTP-Method-Override says',
      access: 'session',
      params,
      rawBody: 'As of the verb that is meant.',
      responses: { 200: { description: 'As HEAD.' }, 204: { description: 'As the verb meant.' } },
      errors: [...refusals, 'method_not_allowed'],
    },
    async (call) => {
      const verb = call.req.headers['x-http-method-override']
      if (verb === 'PATCH') return answerWrite(uploads, options, call)
      if (verb === 'DELETE') return answerTerminate(uploads, call)
      if (verb !== 'HEAD')
        throw new AppError('method_not_allowed', 'POST needs X-HTTP-Method-Override here')
      speakTus(call)
      return answerHead(uploads, call)
    },
  )
}

/** Every answer of the protocol says its version, refusals too. */
function speakTus({ req, res }: Pick<SessionCall, 'req' | 'res'>): void {
  res.setHeader('Tus-Resumable', tusVersion)
  res.setHeader('Tus-Version', tusVersion)
  requireTusVersion(req.headers)
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
