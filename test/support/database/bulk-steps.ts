import * as fc from 'fast-check'
import { bulkOf, operation } from './bulk-requests'
import { key, viewer, type Step } from './model-values'

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

const none = { metadataNameBytesMax: 0, metadataValueBytesMax: 0 }

/** What can be done to several files at once, and what is noted of one. */
export const bulkSteps: fc.Arbitrary<Step>[] = [
  fc.tuple(viewer, key, fc.option(fc.constantFrom('1', '22'))).map(
    ([who, at, x]): Step =>
      ({ files }) =>
        files.setMetadata(who, {
          ...{ key: at, contentType: null, metadata: { x }, condition: {} },
          limits: { ...none, metadataEntriesMax: 9, metadataBytesMax: 2 },
        }),
  ),
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
