import { parseDictionary, type BareItem } from '../../webserver/http/structured-fields'

const wellFormed: [string, Record<string, BareItem>][] = [
  ['', {}],
  ['   ', {}],
  ['a=1', { a: 1 }],
  ['a=-12.5', { a: -12.5 }],
  ['a', { a: true }],
  ['a;p=1;q', { a: true }],
  ['a=?0, b=?1', { a: false, b: true }],
  ['a="x\\"y\\\\"', { a: 'x"y\\' }],
  ['a=token/with:colons', { a: { token: 'token/with:colons' } }],
  ['a=:aGVsbG8=:', { a: Buffer.from('hello') }],
  ['a=:aGVsbG8:', { a: Buffer.from('hello') }],
  ['a=::', { a: Buffer.alloc(0) }],
  ['a=:aGVsbG8=:; p="q, r"', { a: Buffer.from('hello') }],
  ['a=1,b=2', { a: 1, b: 2 }],
  ['a=1 \t,\t b=2', { a: 1, b: 2 }],
  ['a=1, a=2', { a: 2 }],
  ['*k-1._*=3', { '*k-1._*': 3 }],
]

const malformed = [
  'A=1',
  '1=1',
  'a=',
  'a=1,',
  'a=1,,b=2',
  ',a=1',
  'a=1 b=2',
  'a = 1',
  'a=1;',
  'a=1;=2',
  'a=:a*b=:',
  'a=:aGVsbG8=',
  'a=:aGVsbG8=:x',
  'a=:a:',
  'a="open',
  'a="\\n"',
  'a="caf\u00e9"',
  'a=?2',
  'a=1.',
  'a=1.2345',
  'a=1234567890123456',
  'a=--1',
  'a=(1 2)',
  '\ta=1',
  'a=1\n',
]

describe('dictionaries of structured fields', () => {
  test.each(wellFormed)('%j is read', (text, members) => {
    expect(Object.fromEntries(parseDictionary(text)!)).toEqual(members)
  })

  test.each(malformed)('%j is refused', (text) => {
    expect(parseDictionary(text)).toBeNull()
  })
})
