import { requirePassword } from '../../webserver/domain/password-policy'

const limits = { lengthMin: 8, lengthMax: 10 }
const check = (password: string) =>
  requirePassword(password, limits, { accountName: 'miller-1', field: 'newPassword' })

describe('the rule for passwords', () => {
  test.each(['eight888', 'ten4567890', '🌾'.repeat(10), ' spaces  '])(
    'takes %j as it is',
    (given) => {
      expect(check(given)).toBe(given)
    },
  )

  test.each([
    ['too short', 'seven77', 'newPassword must have 8 to 10 characters'],
    ['too long', 'eleven78901', 'newPassword must have 8 to 10 characters'],
    ['too short in characters, whatever its bytes', '🌾🌾🌾🌾🌾🌾🌾', 'must have 8 to 10'],
    ['the name of the account', 'MILLER-1', 'among the first that anyone would try'],
    ['what everyone tries', 'Password', 'among the first that anyone would try'],
    ['not valid Unicode', 'abcdefg\udc00', 'is not valid Unicode'],
  ])('refuses one that is %s', (_what, given, message) => {
    expect(() => check(given)).toThrow(message)
  })
})
