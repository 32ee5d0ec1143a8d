import type { Response } from 'express'
import { z } from 'zod'
import { linkModes } from '../../domain/link'
import type { Timing } from '../../domain/timing'
import type { LinkVisits, Visit } from '../../services/links/link-visits'
import { enter, refusals, tokenParams } from '../links/link-entrance'
import { linkPageOf, linkPagePolicy } from '../links/link-page'
import { linkPasswordOf } from '../links/link-password'
import { defineRoute, type Route } from '../route'
import { timeSchema } from '../schemas'

const visitSchema = z.strictObject({
  kind: z.enum(['file', 'folder']),
  mode: z.enum(linkModes),
  needsPassword: z.boolean(),
  name: z.string().nullable().meta({ description: 'Null until the password was given.' }),
  size: z.number().int().nullable(),
  contentType: z.string().nullable(),
  bytesMax: z.number().int().nullable().meta({ description: 'Most bytes of one upload.' }),
  expiresAt: timeSchema.nullable(),
})

export function linkDescriptionRoute(visits: LinkVisits): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/s/:token',
      summary: 'What a link is for: JSON, or a page for browsers',
      access: 'public',
      params: tokenParams,
      responses: { 200: { description: 'The link.', schema: visitSchema } },
      errors: refusals,
    },
    async ({ params: { token }, req, res, timing }) => {
      const wantsPage = req.accepts(['json', 'html']) === 'html'
      const isOpen = wantsPage || linkPasswordOf(req) !== null
      const visit = isOpen
        ? await enter(visits, { token, req, res }, timing)
        : await visits.find(token)
      visits.requireUses(visit)
      const isHidden = visit.link.passwordHash !== null && !isOpen
      const body = isHidden ? hidden(visit) : await seen(visits, visit, timing)
      res.setHeader('Vary', 'Accept')
      if (!wantsPage) return { status: 200, body }
      sendPage(res, linkPageOf({ ...body, url: `/s/${token}` }))
      return undefined
    },
  )
}

type Seen = z.infer<typeof visitSchema>

function hidden({ link }: Visit): Seen {
  const { folder, mode, expiresAtMs } = link
  return {
    kind: folder === null ? 'file' : 'folder',
    mode,
    needsPassword: link.passwordHash !== null,
    ...{ name: null, size: null, contentType: null, bytesMax: null },
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
  }
}

async function seen(visits: LinkVisits, visit: Visit, timing: Timing): Promise<Seen> {
  const { folder, mode } = visit.link
  const bytesMax = mode === 'upload' ? visits.bytesMaxOf(visit) : null
  if (folder !== null)
    return { ...hidden(visit), name: folder.slice(folder.lastIndexOf('/') + 1), bytesMax }
  const { file } = await visits.open(visit, null, timing)
  const { sizeBytes: size, contentType } = file
  return { ...hidden(visit), name: visits.pathOf(visit, file), size, contentType }
}

function sendPage(res: Response, page: string): void {
  const body = Buffer.from(page)
  res.setHeader('Content-Type', 'text/html; charset=utf-8')
  res.setHeader('Content-Length', body.length)
  res.setHeader('Content-Security-Policy', linkPagePolicy)
  res.status(200).end(body)
}
