import { z } from 'zod'
import { bulkActions } from '../../domain/bulk'
import type { BulkService } from '../../services/bulk-service'
import { tagsOf } from '../conditional'
import { fileSchema, fileView } from '../file-view'
import { defineRoute, type Route } from '../route'
import { nameSchema } from '../schemas'

const placeSchema = z.strictObject({
  owner: nameSchema,
  path: z.string().max(1025).meta({
    description:
      'A folder, with everything below it, ends in "/"; "/" is everything of the owner\'s.',
  }),
})

const operationSchema = z.strictObject({
  op: z.enum(bulkActions),
  from: placeSchema,
  to: placeSchema.optional().meta({ description: 'Of a copy or move.' }),
  overwrite: z.boolean().default(false).meta({
    description:
      'What a copy replaces becomes an earlier version; what a move replaces is deleted.',
  }),
  ifMatch: z.string().max(4096).optional().meta({
    description: 'As the header If-Match, of the file at `from`.',
  }),
})

const bodySchema = z.strictObject({
  operations: z.array(operationSchema).min(1).max(10_000),
})

const answerSchema = z.strictObject({
  operations: z.array(
    z.strictObject({
      op: z.enum(bulkActions),
      files: z.array(fileSchema).meta({
        description: 'As they are now; what was deleted as it was.',
      }),
    }),
  ),
})

export function bulkRoutes(bulk: BulkService, { bodyBytesMax }: { bodyBytesMax: number }): Route[] {
  return [
    defineRoute(
      {
        method: 'post',
        path: '/v1/bulk',
        summary:
          'Copy, move and delete files and folders, all or none, without touching their bytes',
        access: 'session',
        body: bodySchema,
        bodyBytesMax,
        responses: { 200: { description: 'All of it is done.', schema: answerSchema } },
        errors: [
          ...(['not_found', 'forbidden', 'conflict', 'precondition_failed'] as const),
          ...(['too_large', 'quota_exceeded', 'storage_full'] as const),
        ],
      },
      async ({ caller, body, timing }) => {
        const operations = body.operations.map(({ op, to = null, ifMatch, ...rest }) => {
          const tags = tagsOf('ifMatch', ifMatch)
          return { ...rest, action: op, to, condition: tags === undefined ? {} : { ifMatch: tags } }
        })
        const outcome = await bulk.run(caller, operations, timing)
        const done = outcome.map((files, index) => ({
          op: body.operations[index]!.op,
          files: files.map(fileView),
        }))
        return { status: 200, body: { operations: done } }
      },
    ),
  ]
}
