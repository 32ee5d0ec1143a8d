import * as fc from 'fast-check'
import { bulkOf, operation } from './bulk-requests'
import { viewer, type Step } from './model-values'

const place = fc
  .tuple(fc.constantFrom('ann', 'bob', 'cid'), fc.constantFrom('a', 'a/b', 'b', 'a/', 'b/', ''))
  .map(([owner, path]) => `${owner}:${path}`)
const isFolder = (at: string) => /[:/]$/.test(at)

const step = fc
  .tuple(fc.constantFrom('copy', 'move', 'delete'), place, place, fc.boolean())
  // The services ask for no others.
  .filter(([action, from, to]) => action === 'delete' || isFolder(from) === isFolder(to))
  .map(([action, from, to, overwrite]) =>
    operation(action, from, action === 'delete' ? null : to, { overwrite }),
  )

/** What can be done to several files at once. */
export const bulkSteps: fc.Arbitrary<Step>[] = [
  fc
    .tuple(
      viewer,
      fc.array(step, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
    )
    .map(([who, operations, filesMax, toTrash]): Step => {
      return ({ files }, nowMs) => {
        const rest = { filesMax, toTrash, nowMs, seed: String(nowMs), versionsKept: 1 }
        return files.bulk(who, bulkOf(operations, rest))
      }
    }),
]
