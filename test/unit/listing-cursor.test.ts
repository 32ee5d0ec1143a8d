import {
  decodeCursor,
  encodeCursor,
  type ListingQuery,
} from '../../webserver/services/listing-cursor'

const query: ListingQuery = {
  owner: 'ann',
  prefix: 'a/',
  byFolder: true,
  sort: 'size',
  descending: false,
  filter: {
    contentType: null,
    updatedFromMs: null,
    updatedToMs: null,
    sizeMinBytes: null,
    sizeMaxBytes: null,
    nameContains: null,
  },
}
const refused = expect.objectContaining({ code: 'invalid', field: 'cursor' }) as Error

test.each([
  { owner: 'ann', path: 'a/b', key: 5 },
  { owner: 'ann', path: 'a/\u{1f33e} "', key: 'name' },
  { owner: 'ann', path: 'a/folder/', key: null },
  { owner: 'ann', path: '', key: null },
])('a cursor leads back to where a page ended: %j', (position) => {
  const cursor = encodeCursor(query, position)
  expect(cursor).toMatch(/^[\w-]+$/)
  expect(decodeCursor(query, cursor)).toEqual(position)
})

test.each<Partial<ListingQuery>>([
  { owner: null },
  { prefix: 'a' },
  { byFolder: false },
  { sort: 'updated' },
  { descending: true },
  { filter: { ...query.filter, sizeMinBytes: 0 } },
])('it fits no other listing: %j', (other) => {
  const cursor = encodeCursor(query, { owner: 'ann', path: 'a/b', key: 5 })
  expect(() => decodeCursor({ ...query, ...other }, cursor)).toThrow(refused)
})

const words = [1, {}, [], ['x'], [1, 2, 3, 4], null].map((value) =>
  Buffer.from(JSON.stringify(value)).toString('base64url'),
)
test.each(['', 'x', '%', '='.repeat(9), ...words])('nor is any other word one: %j', (word) => {
  expect(() => decodeCursor(query, word)).toThrow(refused)
})
