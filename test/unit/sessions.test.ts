import fc from 'fast-check'
import { formatToken, parseToken } from '../../webserver/domain/secret-token'

const bytes = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((array) => Buffer.from(array).toString('base64url'))

describe('a token', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), (id, secret) => {
        const token = { id, secret }
        expect(parseToken('gm', formatToken('gm', token))).toEqual(token)
      }),
    )
  })

  test('has one spelling: another text for the same bytes is none', () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), fc.string({ minLength: 1 }), (id, secret, noise) => {
        const text = formatToken('gm', { id, secret })
        for (const other of [text + noise, noise + text, `${text}=`, text.replace('.', noise)])
          if (other !== text) expect(parseToken('gm', other)).toBeNull()
      }),
    )
  })

  test('of one kind is none of another', () => {
    const token = { id: 'A'.repeat(22), secret: 'A'.repeat(43) }
    expect(parseToken('gl', formatToken('gm', token))).toBeNull()
    expect(parseToken('gm', formatToken('gl', token))).toBeNull()
  })

  test.each(['', 'gm_', 'gm_.', 'Bearer', 'gm_aaaa.bbbb'])('%j is none', (text) => {
    expect(parseToken('gm', text)).toBeNull()
  })
})
