import fc from 'fast-check'
import { nestsTooDeep } from '../../webserver/model/engine/json-depth'
import { parseExactJson } from '../../webserver/model/engine/exact-json'

/** Objects of the exact parser have no prototype, −0 is a number like others, and large numbers keep their digits. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, item: unknown) =>
      typeof item === 'bigint' ? Number(item) : item,
    ),
  ) as unknown

describe('the exact JSON parser', () => {
  it('reads what JSON.parse reads, to the same values', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const value: unknown = JSON.parse(text)
        const again = JSON.stringify(value, null, indent)
        expect(plain(parseExactJson(again))).toEqual(plain(value))
      }),
    )
  })

  it('keeps every digit of whole numbers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }), (number) => {
        expect(parseExactJson(`[${number},-${number}]`)).toEqual([number, -number])
      }),
    )
  })

  it('reads the bare tokens of inference clients', () => {
    expect(parseExactJson('[NaN, Infinity, -Infinity]')).toEqual([NaN, Infinity, -Infinity])
  })

  it('makes no prototype out of a key', () => {
    const value = parseExactJson('{"__proto__":{"a":1}}') as object
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect((value as { a?: number }).a).toBeUndefined()
  })

  const broken = ['', ' ', '{', '[1,]', '[1 2]', '{"a" 1}', '{a:1}', '01', '1.', '-', '+1', '.5']
  const words = ['nan', 'constructor', 'tru', '"a', '"\\x"', '"\n"', '[1]]', '-NaN', "'a'"]

  it.each([...broken, ...words])('refuses %j', (text) => {
    expect(() => parseExactJson(text)).toThrow('failed to parse the request JSON buffer: ')
  })
})

describe('the depth of JSON', () => {
  it('is what the brackets outside of strings make it', () => {
    const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
    expect(nestsTooDeep(nested(100))).toBe(false)
    expect(nestsTooDeep(nested(101))).toBe(true)
    expect(nestsTooDeep(Buffer.from('{"a":['.repeat(51)))).toBe(true)
    expect(nestsTooDeep(Buffer.from(`["${'['.repeat(200)}"]`))).toBe(false)
    expect(nestsTooDeep(Buffer.from(`["\\"${'['.repeat(200)}"]`))).toBe(false)
    expect(nestsTooDeep(Buffer.from(`["\\\\",${'['.repeat(100)}`))).toBe(true)
    expect(nestsTooDeep(Buffer.from(`[${'[],'.repeat(5000)}1]`))).toBe(false)
  })
})
