import type { Request, Response } from 'express'
import { z } from 'zod'
import { isAppError } from '../../domain/errors'
import type { Timing } from '../../domain/timing'
import type { LinkVisits, Visit } from '../../services/links/link-visits'
import { linkPasswordOf } from './link-password'

export const tokenParams = z.strictObject({ token: z.string().max(256) })

/** Every route under `/s` may be answered so. */
export const refusals = ['unauthenticated', 'not_found', 'gone', 'rate_limited'] as const

export interface Entrance {
  token: string
  req: Request
  res: Response
}

/** A refusal asks for the password as browsers know it. */
export async function enter(
  visits: LinkVisits,
  { token, req, res }: Entrance,
  timing: Timing,
): Promise<Visit> {
  try {
    return await visits.enter(token, linkPasswordOf(req), timing)
  } catch (error) {
    if (isAppError(error, 'unauthenticated'))
      res.setHeader('WWW-Authenticate', 'Basic realm="link", charset="UTF-8"')
    throw error
  }
}
