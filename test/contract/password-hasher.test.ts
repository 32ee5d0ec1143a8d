import { configSchema, type Config } from '../../webserver/config/schema'
import { isAppError } from '../../webserver/domain/errors'
import type { PasswordHasher } from '../../webserver/domain/password-hasher'
import { createPasswordHasher } from '../../webserver/passwords/create-password-hasher'
import { Semaphore } from '../../webserver/platform/semaphore'

type Settings = Config['passwords']
type Algorithm = Settings['algorithm']

const cheap = {
  argon2MemoryKib: 64,
  argon2Passes: 1,
  scryptCostLog2: 10,
  bcryptCost: 4,
} as const

const dearer: Record<Algorithm, Partial<Settings>> = {
  argon2id: { argon2MemoryKib: 128 },
  scrypt: { scryptCostLog2: 11 },
  bcrypt: { bcryptCost: 5 },
}

const forms: Record<Algorithm, RegExp> = {
  argon2id: /^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/,
  scrypt: /^\$scrypt\$ln=10,r=8,p=1\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/,
  bcrypt: /^\$2b\$04\$[./A-Za-z0-9]{53}$/,
}

function hasherOf(algorithm: Algorithm, settings: Partial<Settings> = {}): PasswordHasher {
  const all = configSchema.shape.passwords.parse({ ...cheap, algorithm, ...settings })
  return createPasswordHasher(all, new Semaphore(all))
}

const algorithms: Algorithm[] = ['argon2id', 'scrypt', 'bcrypt']

describe.each(algorithms)('a password hasher that makes %s', (algorithm) => {
  const hasher = hasherOf(algorithm)

  test('verifies what it made, and nothing else', async () => {
    const stored = await hasher.hash('a good password')
    expect(stored).toMatch(forms[algorithm])
    expect(await hasher.verify('a good password', stored)).toBe(true)
    for (const other of ['a good passwor', 'a good password ', 'A good password', ''])
      expect(await hasher.verify(other, stored)).toBe(false)
  })

  test('salts: the same password is never stored twice alike', async () => {
    expect(await hasher.hash('same')).not.toBe(await hasher.hash('same'))
  })

  test.each(['🌾 wheat', '  spaces  ', 'ｗｉｄｅ', 'e\u0301', 'x'.repeat(72)])(
    'takes %j exactly as it is',
    async (password) => {
      const stored = await hasher.hash(password)
      expect(await hasher.verify(password, stored)).toBe(true)
      for (const other of [password.trim(), password.normalize('NFKC'), password.slice(0, -1)])
        if (other !== password) expect(await hasher.verify(other, stored)).toBe(false)
    },
  )

  test('takes long passwords and NUL whole, or not at all', async () => {
    for (const password of ['x'.repeat(73), 'before\0after', `${'x'.repeat(72)}\0`]) {
      const stored = await hasher.hash(password).catch((error: unknown) => error)
      if (algorithm === 'bcrypt') {
        expect(isAppError(stored, 'invalid')).toBe(true)
        continue
      }
      expect(await hasher.verify(password, stored as string)).toBe(true)
      expect(await hasher.verify(password.slice(0, 72), stored as string)).toBe(
        password.length < 73,
      )
      expect(await hasher.verify(password.split('\0')[0]!, stored as string)).toBe(
        !password.includes('\0'),
      )
    }
  })

  test('verifies the hashes of every other function, and wants them replaced', async () => {
    for (const other of algorithms) {
      const stored = await hasherOf(other).hash('a good password')
      expect(await hasher.verify('a good password', stored)).toBe(true)
      expect(await hasher.verify('a bad password', stored)).toBe(false)
      expect(hasher.needsRehash(stored)).toBe(other !== algorithm)
    }
  })

  test('wants weaker hashes replaced, and leaves stronger ones', async () => {
    const strict = hasherOf(algorithm, dearer[algorithm])
    expect(strict.needsRehash(await hasher.hash('x'))).toBe(true)
    expect(hasher.needsRehash(await strict.hash('x'))).toBe(false)
    expect(await hasher.verify('x', await strict.hash('x'))).toBe(true)
  })

  test('answers false for strings that are no hash of a known function', async () => {
    const stored = await hasher.hash('x')
    const broken = [
      '',
      '!',
      '$',
      'x',
      '$argon2d$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA',
      stored.slice(1),
    ]
    for (const one of [...broken, stored.slice(0, 20), `${stored}\n`, `${stored}$`]) {
      expect(await hasher.verify('x', one)).toBe(false)
      expect(hasher.needsRehash(one)).toBe(true)
    }
  })

  test.each([
    '$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '$argon2id$v=19$m=64,t=999,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '$argon2id$v=19$m=64,t=1,p=9$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '$argon2id$v=19$m=0,t=0,p=0$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '$scrypt$ln=30,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '$scrypt$ln=17,r=99,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    '$scrypt$ln=0,r=0,p=0$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    `$2b$31$${'a'.repeat(53)}`,
    `$2b$00$${'a'.repeat(53)}`,
  ])('does not run %s', async (stored) => {
    // At these costs an answer within the test's time is proof enough.
    expect(await hasher.verify('x', stored)).toBe(false)
  })

  test('lets only so many wait', async () => {
    const narrow = hasherOf(algorithm, { concurrentMax: 1, queueMax: 2 })
    const hashes = Array.from({ length: 5 }, () => narrow.hash('x'))
    const results = await Promise.allSettled(hashes)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(2)
    for (const { reason } of refused) {
      expect(isAppError(reason, 'unavailable')).toBe(true)
      expect(reason).toMatchObject({ retryAfterS: 1 })
    }
    await narrow.hash('x')
  })
})

test('the settings that come with the program are at least what OWASP asks for', () => {
  const settings = configSchema.shape.passwords.parse({})
  expect(settings.algorithm).toBe('argon2id')
  expect(settings.argon2MemoryKib).toBeGreaterThanOrEqual(19_456)
  expect(settings.argon2Passes).toBeGreaterThanOrEqual(2)
  expect(settings.scryptCostLog2).toBeGreaterThanOrEqual(17)
  expect(settings.bcryptCost).toBeGreaterThanOrEqual(10)
})
