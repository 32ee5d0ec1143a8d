import * as fc from 'fast-check'
import { linkOf } from './fixtures'
import { age, content, key, limit, linkId, name, viewer, type Step } from './model-values'

const policy = { failuresMax: 2, windowMs: 6, lockMs: 2, lockMsMax: 5 }
const target = fc.oneof(key, fc.record({ owner: name, folder: fc.constantFrom('', 'a') }))

/** What can be done with links. */
export const linkSteps: fc.Arbitrary<Step>[] = [
  fc
    .tuple(viewer, linkId, target, fc.boolean(), fc.option(limit), fc.option(age))
    .map(([who, id, at, isUpload, usesMax, lifeMs]): Step => {
      const mode = isUpload ? 'upload' : 'view'
      return ({ links }, nowMs) => {
        const expiresAtMs = lifeMs === null ? null : nowMs + lifeMs
        const link = linkOf(at, { id, mode, usesMax, expiresAtMs, perOwnerMax: 2 })
        return links.create({ ...who, nowMs }, link)
      }
    }),
  fc.tuple(viewer, linkId, fc.boolean(), fc.option(limit)).map(
    ([who, id, unlock, usesMax]): Step =>
      ({ links }) =>
        links.change(who, { id, changes: { label: 'other', unlock, usesMax } }),
  ),
  fc.tuple(viewer, linkId).map(
    ([who, id]): Step =>
      ({ links }) =>
        links.delete(who, { id }),
  ),
  fc.tuple(linkId, fc.boolean(), content).map(
    ([id, continues, client]): Step =>
      ({ links }, nowMs) =>
        links.consume({ id, nowMs, client, etag: null, continues, windowMs: 10 }),
  ),
  linkId.map(
    (id): Step =>
      ({ links }, nowMs) =>
        links.guess({ id, nowMs, policy }),
  ),
  linkId.map(
    (id): Step =>
      ({ links }, nowMs) =>
        links.absolve({ id, nowMs, policy }),
  ),
  age.map(
    (ageMs): Step =>
      ({ links }, nowMs) =>
        links.deleteExpired({ beforeMs: nowMs - ageMs, limit: 100 }),
  ),
]
