import { z } from 'zod'
import { sortKeys, type FileFilter } from '../../domain/listing'
import type { ListingService, PageQuery } from '../../services/listing-service'
import { fileSchema, fileView } from '../file-view'
import { defineRoute, type Route } from '../route'
import { nameSchema } from '../schemas'

const bytes = z.coerce.number().int().min(0)
const time = z.iso
  .datetime({ offset: true })
  .meta({ description: 'RFC 3339, as in the answers. Exclusive.' })
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

const querySchema = z.strictObject({
  owner: nameSchema.optional(),
  prefix: z.string().max(1024).default(''),
  delimiter: z
    .literal('/')
    .optional()
    .meta({ description: 'Shows what lies below a further "/" as one folder.' }),
  sort: z.enum(sortKeys).default('path'),
  order: z.enum(['asc', 'desc']).default('asc'),
  type: z
    .string()
    .max(255)
    .regex(new RegExp(`^(?!\\*/)${token}/${token}$`), 'expected a media type, or "image/*"')
    .optional(),
  modifiedAfter: time.optional(),
  modifiedBefore: time.optional(),
  sizeMin: bytes.optional(),
  sizeMax: bytes.optional(),
  q: z.string().min(1).max(255).optional().meta({
    description: 'A part of the last segment of the path. The case of A–Z does not matter.',
  }),
  cursor: z.string().max(4096).optional(),
  limit: z.coerce.number().int().default(100).meta({ description: 'Files and folders together.' }),
})

const pageSchema = z.strictObject({
  files: z.array(fileSchema),
  folders: z
    .array(z.strictObject({ owner: z.string(), folder: z.string() }))
    .meta({ description: 'With a delimiter; each ends in "/".' }),
  cursor: z.string().nullable().meta({
    description:
      'Asks for the next page; null on the last. A page may be short, and not be the last.',
  }),
})

export function listingRoutes(listing: ListingService): Route[] {
  return [
    defineRoute(
      {
        method: 'get',
        path: '/v1/files',
        summary: 'List files and folders',
        access: 'session',
        query: querySchema,
        responses: { 200: { description: 'A page.', schema: pageSchema } },
        errors: ['not_found', 'forbidden'],
      },
      async ({ caller, query, timing }) => {
        const page = await listing.list(caller, pageQueryOf(query), timing)
        const folders = page.folders.map(({ owner, path }) => ({ owner, folder: path }))
        const body = { files: page.files.map(fileView), folders, cursor: page.cursor }
        return { status: 200, body }
      },
    ),
  ]
}

type Query = z.output<typeof querySchema>

function pageQueryOf(query: Query): PageQuery {
  const { owner = null, prefix, delimiter, sort, order, cursor = null, limit } = query
  return {
    ...{ owner, prefix, sort, cursor, limit, filter: filterOf(query) },
    byFolder: delimiter !== undefined,
    descending: order === 'desc',
  }
}

function filterOf({ type, modifiedAfter, modifiedBefore, ...query }: Query): FileFilter {
  return {
    contentType: type?.replace(/\/\*$/, '/') ?? null,
    updatedFromMs: modifiedAfter === undefined ? null : Date.parse(modifiedAfter) + 1,
    updatedToMs: modifiedBefore === undefined ? null : Date.parse(modifiedBefore) - 1,
    sizeMinBytes: query.sizeMin ?? null,
    sizeMaxBytes: query.sizeMax ?? null,
    nameContains: query.q?.normalize('NFC') ?? null,
  }
}
