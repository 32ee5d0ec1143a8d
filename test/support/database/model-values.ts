import * as fc from 'fast-check'
import type { Viewer } from '../../../webserver/domain/account'
import { etagOf } from '../../../webserver/domain/content'
import type { Database } from '../../../webserver/domain/database'
import { sha256Of } from './fixtures'

/** One operation of a sequence. */
export type Step = (database: Database, nowMs: number) => Promise<unknown>

export const name = fc.constantFrom('ann', 'bob', 'cid')
export const sessionId = fc.constantFrom('s1', 's2', 's3', 's4')
export const path = fc.constantFrom('a', 'a/b', 'a/c', 'b', '\uff21', '\u{1f33e}')
export const content = fc.constantFrom('', 'one', 'three', 'x'.repeat(30))
export const limit = fc.integer({ min: 1, max: 3 })
export const version = fc.integer({ min: 1, max: 4 })
export const age = fc.integer({ min: 0, max: 20 })
export const epoch = fc.integer({ min: 1, max: 3 })
export const viewer: fc.Arbitrary<Viewer> = fc
  .tuple(name, fc.boolean())
  .map(([who, seesAll]) => ({ accountId: who, name: who, seesAll, linkId: null, nowMs: 0 }))
export const linkId = fc.constantFrom('l1', 'l2', 'l3')
/** Whoever has a link. */
export const visitor: fc.Arbitrary<Viewer> = linkId.map((id) => ({
  ...{ accountId: null, name: null, seesAll: false, nowMs: 0 },
  linkId: id,
}))
export const anyone = fc.oneof({ weight: 4, arbitrary: viewer }, { weight: 1, arbitrary: visitor })
export const key = fc.record({ owner: name, path })
export const tags = fc.oneof(
  fc.constant('*' as const),
  fc.array(
    content.map((text) => etagOf(sha256Of(text))),
    { maxLength: 2 },
  ),
)
export const condition = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ ifMatch: tags, ifNoneMatch: tags }, { requiredKeys: [] }) },
)
