import { expectProblem } from '../support/http/problems'
import { TestService, type TestAccount } from '../support/http/test-service'

describe('what nginx asks before it hands a request to an engine', () => {
  let service: TestService
  let admin: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ settings: { http: { nginx: true } } })
    admin = await service.makeAdmin()
  })
  afterAll(() => service.stop())

  test('is answered with the account, whatever account the client claims to be', async () => {
    const { headers, text } = await service
      .call('GET', '/internal/authorize', admin.token)
      .set('X-Gristmill-Account', 'someone-else')
      .expect(204)
    expect(headers['x-gristmill-account']).toBe(admin.id)
    expect(text).toBe('')
  })

  test('is refused without a session', async () => {
    expectProblem(await service.call('GET', '/internal/authorize'), 'unauthenticated')
    await service.call('DELETE', '/v1/session', admin.token).expect(204)
    expectProblem(await service.call('GET', '/internal/authorize', admin.token), 'unauthenticated')
  })

  test('has no answer in the description of the API', async () => {
    const { text } = await service.call('GET', '/openapi.json').expect(200)
    expect(text).not.toContain('/internal')
  })
})

test('without nginx nobody can ask it', async () => {
  const service = await TestService.start()
  expectProblem(await service.call('GET', '/internal/authorize'), 'not_found')
  await service.stop()
})
