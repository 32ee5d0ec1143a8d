import fc from 'fast-check'
import { formatSessionToken, parseSessionToken } from '../../webserver/domain/session-token'

const bytes = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((array) => Buffer.from(array).toString('base64url'))

describe('a session token', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), (sessionId, secret) => {
        const token = { sessionId, secret }
        expect(parseSessionToken(formatSessionToken(token))).toEqual(token)
      }),
    )
  })

  test('has one spelling: another text for the same bytes is none', () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), fc.string({ minLength: 1 }), (sessionId, secret, noise) => {
        const text = formatSessionToken({ sessionId, secret })
        for (const other of [text + noise, noise + text, `${text}=`, text.replace('.', noise)])
          if (other !== text) expect(parseSessionToken(other)).toBeNull()
      }),
    )
  })

  test.each(['', 'gm_', 'gm_.', 'Bearer', 'gm_aaaa.bbbb'])('%j is none', (text) => {
    expect(parseSessionToken(text)).toBeNull()
  })
})
