import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { expectedDigestsOf, wantedAlgorithm } from '../../webserver/http/digest-fields'

const sha256 = createHash('sha256').update('hello').digest()
const sha512 = createHash('sha512').update('hello').digest()
const inField = (value: Buffer) => `:${value.toString('base64')}:`

function refusalOf(headers: IncomingHttpHeaders): unknown {
  try {
    return expectedDigestsOf(headers)
  } catch (error) {
    return error
  }
}

describe('what a request says its body is', () => {
  test.each([
    ['nothing', {}, []],
    ['one', { 'content-digest': `sha-256=${inField(sha256)}` }, [['Content-Digest', 'sha-256']]],
    [
      'both fields',
      {
        'content-digest': `sha-256=${inField(sha256)}`,
        'repr-digest': `sha-512=${inField(sha512)}`,
      },
      [
        ['Content-Digest', 'sha-256'],
        ['Repr-Digest', 'sha-512'],
      ],
    ],
    [
      'several algorithms, some of them not known or weak',
      {
        'repr-digest': `md5=:AAAA:, sha-512=${inField(sha512)}, sha-256=${inField(sha256)}, x=:AA==:`,
      },
      [
        ['Repr-Digest', 'sha-256'],
        ['Repr-Digest', 'sha-512'],
      ],
    ],
    ['only what is not known', { 'repr-digest': 'crc32c=:AAAAAA==:' }, []],
    ['a trailer of another name', { trailer: 'X-Other' }, []],
  ] as const)('%s', (_, headers, expected) => {
    const found = expectedDigestsOf(headers).map(({ field, algorithm }) => [field, algorithm])
    expect(found).toEqual(expected)
  })

  test.each([
    ['Content-Digest', 'sha-256'],
    ['Content-Digest', 'sha-256=1'],
    ['Content-Digest', 'sha-256="abc"'],
    ['Content-Digest', `sha-256=${sha256.toString('base64')}`],
    ['Content-Digest', `sha-256=${inField(sha256.subarray(1))}`],
    ['Content-Digest', `sha-256=${inField(sha512)}`],
    ['Repr-Digest', `sha-512=${inField(sha256)}`],
    ['Repr-Digest', 'not a dictionary'],
    ['Repr-Digest', `${'a=1, '.repeat(1000)}a=1`],
  ])('%s: %s is refused by its name', (field, value) => {
    expect(refusalOf({ [field.toLowerCase()]: value })).toMatchObject({ code: 'invalid', field })
  })

  test('a digest that is announced as a trailer is refused', () => {
    expect(refusalOf({ trailer: 'Expires, content-digest' })).toMatchObject({
      code: 'unsupported',
      field: 'Trailer',
    })
  })
})

describe('which digest is wanted', () => {
  test.each([
    [undefined, null],
    ['', null],
    ['sha-256=1', 'sha-256'],
    ['sha-512=3, sha-256=1', 'sha-512'],
    ['sha-512=1, sha-256=10', 'sha-256'],
    ['sha-512=0', null],
    ['md5=10, sha-256=1', 'sha-256'],
    ['unixsum=10', null],
    ['not well formed=', null],
  ])('%s → %s', (header, algorithm) => {
    expect(wantedAlgorithm(header)).toBe(algorithm)
  })
})
