import * as fc from 'fast-check'
import { sortKeys, type Browse, type Browsed } from '../../../webserver/domain/listing'
import { anyone, limit, name, type Step } from './model-values'

const filter = fc.record({
  contentType: fc.option(fc.constantFrom('text/plain', 'text/', 'image/'), { freq: 1 }),
  updatedFromMs: fc.option(fc.integer({ min: 1000, max: 1200 }), { freq: 1 }),
  updatedToMs: fc.constant(null),
  sizeMinBytes: fc.option(fc.integer({ min: 0, max: 5 }), { freq: 1 }),
  sizeMaxBytes: fc.option(fc.integer({ min: 0, max: 40 }), { freq: 1 }),
  nameContains: fc.option(fc.constantFrom('a', 'B', '\u{1f33e}'), { freq: 1 }),
})

/** All pages of one listing. */
export const browsing: fc.Arbitrary<Step> = fc
  .record({
    owner: fc.option(name),
    prefix: fc.constantFrom('', 'a', 'a/'),
    byFolder: fc.boolean(),
    sort: fc.constantFrom(...sortKeys),
    descending: fc.boolean(),
    filter,
    limit,
  })
  .chain((args) => anyone.map((who) => ({ who, args })))
  .map(({ who, args }): Step => async ({ files }) => {
    const pages: Browsed[] = []
    for (let after: Browse['after'] = null; pages.length < 20; after = pages.at(-1)!.next) {
      pages.push(await files.browse(who, { ...args, after, examinedMax: 1000 }))
      if (pages.at(-1)!.next === null) break
    }
    return pages
  })
