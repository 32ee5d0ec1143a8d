import type { Request, Response } from 'express'
import { z } from 'zod'
import type { Caller } from '../../domain/account'
import { AppError } from '../../domain/errors'
import type { FileService } from '../../services/file-service'
import { writeConditionOf } from '../conditional'
import { fileParams, fileSchema, fileView } from '../file-view'
import { boundaryOf } from '../multipart/boundary'
import { formPartsOf } from '../multipart/form-parts'
import { sentFilesOf } from '../multipart/sent-files'
import { defineRoute, type Answer, type Route } from '../route'
import { nameSchema } from '../schemas'
import { BodyDigests } from '../uploads/body-digests'
import { digestWishes, requireIdentityCoding } from '../uploads/exchange'
import { requestBody } from '../uploads/request-body'
import { writeErrors } from '../uploads/write-errors'
import type { Timing } from '../../domain/timing'

export interface FormRouteOptions {
  /** Files and fields of one form. */
  formPartsMax: number
  /** How long a body may stand still. */
  bodyIdleTimeoutMs: number
}

const resultSchema = z.strictObject({
  files: z.array(fileSchema),
  refused: z
    .array(z.strictObject({ path: z.string(), code: z.string(), detail: z.string() }))
    .meta({ description: 'Files that could not be stored after others were.' }),
})

const statement = {
  method: 'post',
  access: 'session',
  rawBody:
    'multipart/form-data: each file becomes one below the folder, under its file name, which may name folders. ' +
    'If-Match and If-None-Match hold for each file, Content-Digest for the body as a whole.',
  responses: {
    201: { description: 'All files are stored.', schema: resultSchema },
    207: { description: 'Some are.', schema: resultSchema },
  },
  errors: writeErrors,
} as const

/** Files as browsers' forms and `curl -F` send them. */
export function formRoutes(files: FileService, options: FormRouteOptions): Route[] {
  const receiver = new FormReceiver(files, options)
  return [
    defineRoute(
      {
        ...statement,
        path: '/v1/files/:owner',
        summary: 'Store the files of a form',
        params: z.strictObject({ owner: nameSchema }),
      },
      ({ caller, params: { owner }, timing, req, res }) =>
        receiver.receive({ caller, owner, folder: '', timing }, req, res),
    ),
    defineRoute(
      {
        ...statement,
        path: '/v1/files/:owner/*path',
        summary: 'Store the files of a form below a folder',
        params: fileParams,
      },
      ({ caller, params: { owner, path }, timing, req, res }) =>
        receiver.receive({ caller, owner, folder: path.replace(/\/$/, ''), timing }, req, res),
    ),
  ]
}

interface FormTarget {
  caller: Caller
  owner: string
  folder: string
  timing: Timing
}

class FormReceiver {
  constructor(
    private readonly files: FileService,
    private readonly options: FormRouteOptions,
  ) {}

  async receive(
    { caller, owner, folder, timing }: FormTarget,
    req: Request,
    res: Response,
  ): Promise<Answer> {
    const { formPartsMax: partsMax, bodyIdleTimeoutMs } = this.options
    res.setHeader('Want-Content-Digest', digestWishes)
    requireIdentityCoding(req.headers)
    const boundary = formBoundaryOf(req.headers['content-type'])
    const digests = new BodyDigests(req.headers)
    const body = digests.through(requestBody(req, res, bodyIdleTimeoutMs))
    const files = sentFilesOf(formPartsOf(body, { boundary, partsMax }))
    const condition = writeConditionOf(req.headers)
    const result = await this.files.putForm(caller, { owner, folder, condition, files }, timing)
    const refused = result.refused.map(({ key: { path }, error: { code, message } }) => ({
      path,
      code,
      detail: message,
    }))
    const view = { files: result.files.map(fileView), refused }
    return { status: refused.length === 0 ? 201 : 207, body: view }
  }
}

function formBoundaryOf(contentType = ''): string {
  if (/^multipart\/form-data[\t ]*(?:;|$)/i.test(contentType)) return boundaryOf(contentType)
  throw new AppError('unsupported', 'A form is sent as multipart/form-data', {
    field: 'Content-Type',
  })
}
