import { TestService, password, type TestAccount } from '../support/http/test-service'

describe.each(['sqlite', 'debug'] as const)('accounts on the %s database', (kind) => {
  let service: TestService
  let admin: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ kind })
    admin = await service.makeAdmin()
  })
  afterAll(() => service.stop())

  test('who am I answers the account without its hash', async () => {
    const { body } = await service.call('GET', '/v1/account', admin.token).expect(200)
    expect(body).toEqual({
      id: admin.id,
      name: 'root',
      role: 'admin',
      quotaBytes: 10 * 1024 ** 3,
      usedBytes: 0,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    })
    expect(password).toBeDefined()
  })
})
