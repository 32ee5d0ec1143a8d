import { configSchema } from '../../webserver/config/schema'
import { createPasswordHasher } from '../../webserver/passwords/create-password-hasher'
import { Semaphore } from '../../webserver/platform/semaphore'
import { expectProblem } from '../support/http/problems'
import { TestService, password } from '../support/http/test-service'

const logIn = (service: TestService, name: string, text = password) =>
  service.call('POST', '/v1/sessions').send({ name, password: text })

describe('an old hash', () => {
  let service: TestService

  beforeAll(async () => {
    service = await TestService.start()
  })
  afterAll(() => service.stop())

  test.each(['bcrypt', 'scrypt'] as const)('of %s is replaced at login', async (algorithm) => {
    const database = await service.scratch.open()
    const settings = configSchema.shape.passwords.parse({
      algorithm,
      bcryptCost: 4,
      scryptCostLog2: 10,
    })
    const old = createPasswordHasher(settings, new Semaphore(settings))
    await database.accounts.create({
      id: `of-${algorithm}`,
      name: algorithm,
      role: 'member',
      passwordHash: await old.hash(password),
      quotaBytes: 0,
      nowMs: 0,
      onlyIfFirst: false,
    })
    const hashNow = async () => (await database.accounts.findByName(algorithm))!.passwordHash
    const before = await hashNow()
    expectProblem(await logIn(service, algorithm, 'a wrong password'), 'unauthenticated')
    expect(await hashNow()).toBe(before)
    const body = (await logIn(service, algorithm).expect(201)).body as unknown
    expect(await hashNow()).toMatch(/^\$argon2id\$/)
    await service.call('GET', '/v1/account', (body as { token: string }).token).expect(200)
    const after = await hashNow()
    await logIn(service, algorithm).expect(201)
    expect(await hashNow()).toBe(after)
  })
})

describe('a login with an unknown name', () => {
  test('costs a hash, as a wrong password does', async () => {
    // With one place and no queue, a request that is refused has met another one that was hashing.
    const passwords = { concurrentMax: 1, queueMax: 0, argon2MemoryKib: 19_456, argon2Passes: 12 }
    const service = await TestService.start({ settings: { passwords } })
    await logIn(service, 'nobody')
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => logIn(service, `nobody-${n}`)),
    )
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].sort()).toEqual([401, 503])
    await service.stop()
  })
})
