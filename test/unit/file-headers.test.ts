import fc from 'fast-check'
import { wholeBlob } from '../../webserver/domain/content'
import type { StoredFile } from '../../webserver/domain/file'
import { evaluateRead, writeConditionOf } from '../../webserver/http/conditional'
import { rangesOf } from '../../webserver/http/downloads/range'
import { formatHttpDate, parseHttpDate } from '../../webserver/http/http-date'
import { contentTypeOf } from '../../webserver/services/content-type'

const at = Date.UTC(2026, 10, 20, 12, 0, 0)
const file: StoredFile = {
  id: 'id',
  owner: 'alice',
  path: 'a/b.txt',
  ...wholeBlob('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', 10),
  contentType: 'text/plain',
  metadata: {},
  metaVersion: 1,
  version: 1,
  createdAtMs: at,
  updatedAtMs: at + 789,
}
const { etag } = file
const date = formatHttpDate(at)
const before = formatHttpDate(at - 1000)
const after = formatHttpDate(at + 1000)

describe('dates of HTTP', () => {
  test.each([
    ['IMF-fixdate', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ['RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT'],
    ['asctime', 'Sun Nov  6 08:49:37 1994'],
  ])('all three forms are read: %s', (_name, text) => {
    expect(parseHttpDate(text)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37))
  })

  test.each([
    '',
    '0',
    '2026-11-20',
    'now',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 99 Nov 1994 08:49:37 GMT',
  ])('anything else is no date: %p', (text) => expect(parseHttpDate(text)).toBeNull())
})

describe('conditions of a read', () => {
  test.each([
    ['nothing asked', {}, 'send'],
    ['If-Match with the tag', { 'if-match': etag }, 'send'],
    ['If-Match with a list', { 'if-match': `"x" , ${etag}` }, 'send'],
    ['If-Match *', { 'if-match': '*' }, 'send'],
    [
      'If-Match wins over If-Unmodified-Since',
      { 'if-match': etag, 'if-unmodified-since': before },
      'send',
    ],
    ['If-Unmodified-Since the same second', { 'if-unmodified-since': date }, 'send'],
    ['If-Unmodified-Since that is no date', { 'if-unmodified-since': 'x' }, 'send'],
    ['If-None-Match with another tag', { 'if-none-match': '"x"' }, 'send'],
    ['If-None-Match with the tag', { 'if-none-match': etag }, 304],
    ['If-None-Match with the tag, weakly', { 'if-none-match': `W/${etag}` }, 304],
    ['If-None-Match *', { 'if-none-match': '*' }, 304],
    [
      'If-None-Match wins over If-Modified-Since',
      { 'if-none-match': '"x"', 'if-modified-since': after },
      'send',
    ],
    ['If-Modified-Since the same second', { 'if-modified-since': date }, 304],
    ['If-Modified-Since earlier', { 'if-modified-since': before }, 'send'],
    ['If-Modified-Since that is no date', { 'if-modified-since': 'x' }, 'send'],
    [
      'If-Match holds, then If-None-Match decides',
      { 'if-match': etag, 'if-none-match': etag },
      304,
    ],
  ])('%s', (_name, headers, expected) => {
    expect(evaluateRead(headers, file)).toBe(expected)
  })

  test.each([
    ['another tag', { 'if-match': '"x"' }],
    ['the tag, but weak', { 'if-match': `W/${etag}` }],
    ['modified since', { 'if-unmodified-since': before }],
  ])('If-Match or If-Unmodified-Since fails: %s', (_name, headers) => {
    expect(() => evaluateRead(headers, file)).toThrow(
      expect.objectContaining({ code: 'precondition_failed' }) as Error,
    )
  })
})

describe('conditions of a write', () => {
  test.each([
    '',
    'x',
    '"x',
    'x"',
    '"a" "b"',
    '"a",',
    ',"a"',
    'w/"a"',
    '*, "a"',
    '"a\x7f"',
    '"'.repeat(5000),
  ])('tags that are none are refused: %p', (header) => {
    for (const name of ['if-match', 'if-none-match'])
      expect(() => writeConditionOf({ [name]: header })).toThrow(
        expect.objectContaining({ code: 'invalid' }) as Error,
      )
  })

  test('a condition by date is refused rather than ignored', () => {
    expect(() => writeConditionOf({ 'if-unmodified-since': after })).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'If-Unmodified-Since' }) as Error,
    )
  })
})

describe('ranges', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-', 0, 9],
    ['bytes=9-', 9, 9],
    ['bytes=3-5', 3, 5],
    ['bytes=3-99', 3, 9],
    ['bytes=0-99999999999999999999999', 0, 9],
    ['bytes=-1', 9, 9],
    ['bytes=-10', 0, 9],
    ['bytes=-99', 0, 9],
    ['BYTES=1-2', 1, 2],
    ['bytes= 1-2 ', 1, 2],
  ])('%s', (range, startByte, endByte) => {
    expect(rangesOf({ range }, file, 4)).toEqual([{ startByte, endByte }])
  })

  test.each([
    'bytes=5-2',
    'bytes=-',
    'bytes=',
    'bytes=a-b',
    'bytes=1',
    'bytes=1-2,x',
    'bytes=1-2,5-4',
    'bytes=1 - 2',
    'bytes=,',
    'lines=1-2',
    '',
    'bytes=--1',
    'bytes=0-0,1-1,2-2,3-3,4-4',
    `bytes=${','.repeat(100_000)}1-2`,
    'bytes=0-9,0-0',
    'bytes=0-6,3-9',
  ])('what is malformed, too many or too much means the whole: %p', (range) =>
    expect(rangesOf({ range }, file, 4)).toBeNull(),
  )

  test.each([
    ['bytes=0-1,4-5', [0, 1], [4, 5]],
    ['bytes=8-,-1', [8, 9], [9, 9]],
    ['bytes=4-5, 0-1', [4, 5], [0, 1]],
    ['bytes=,0-1 ,\t,4-5,', [0, 1], [4, 5]],
    ['bytes=0-1,99-,-0,4-5', [0, 1], [4, 5]],
    ['bytes=0-1,99-', [0, 1]],
    ['bytes=0-4,5-9', [0, 4], [5, 9]],
  ])('several: %s', (range, ...expected) => {
    const ranges = (expected as number[][]).map(([startByte, endByte]) => ({ startByte, endByte }))
    expect(rangesOf({ range }, file, 4)).toEqual(ranges)
  })

  test.each(['bytes=10-', 'bytes=99999999999-', 'bytes=10-20', 'bytes=-0', 'bytes=10-,-0'])(
    'nothing lies at %s',
    (range) => {
      expect(() => rangesOf({ range }, file, 4)).toThrow(
        expect.objectContaining({ code: 'range_not_satisfiable' }) as Error,
      )
    },
  )

  test.each([
    ['our tag', etag, [{ startByte: 1, endByte: 2 }]],
    ['another tag', '"x"', null],
    ['our tag, weak', `W/${etag}`, null],
    ['a date, even the right one', date, null],
    ['a list', `${etag}, "x"`, null],
  ])('If-Range: %s', (_name, ifRange, expected) => {
    expect(rangesOf({ range: 'bytes=1-2', 'if-range': ifRange }, file, 4)).toEqual(expected)
  })

  test('ranges that are taken lie inside the file, and are together no longer than it', () => {
    const numeral = fc.oneof(fc.constant(''), fc.nat(1000).map(String))
    const spec = fc.tuple(numeral, numeral).map(([first, last]) => `${first}-${last}`)
    const specs = fc.array(spec, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(specs, fc.integer({ min: 1, max: 1000 }), (some, sizeBytes) => {
        const ranges = satisfiable({ range: `bytes=${some.join(',')}` }, { ...file, sizeBytes })
        let totalBytes = 0
        for (const { startByte, endByte } of ranges) {
          expect(startByte).toBeGreaterThanOrEqual(0)
          expect(endByte).toBeGreaterThanOrEqual(startByte)
          expect(endByte).toBeLessThan(sizeBytes)
          totalBytes += endByte - startByte + 1
        }
        expect(totalBytes).toBeLessThanOrEqual(sizeBytes)
      }),
    )
  })
})

function satisfiable(headers: { range: string }, of: StoredFile) {
  try {
    return rangesOf(headers, of, 4) ?? []
  } catch {
    return []
  }
}

describe('content types', () => {
  test.each([
    ['what the sender says', 'text/html; charset="utf-8"', 'a.png', 'text/html; charset="utf-8"'],
    ['the name', null, 'a.png', 'image/png'],
    ['neither', null, 'a', 'application/octet-stream'],
  ])('come from %s', (_name, stated, path, expected) => {
    expect(contentTypeOf(stated, path)).toBe(expected)
  })

  test.each([
    '',
    'x',
    'text/',
    '/html',
    'text/html;',
    'text/html; a',
    'tëxt/html',
    'a/b\nc',
    `a/${'b'.repeat(254)}`,
  ])('that are none are refused: %p', (stated) => {
    expect(() => contentTypeOf(stated, 'a')).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'Content-Type' }) as Error,
    )
  })
})
