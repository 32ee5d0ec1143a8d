import { request } from 'node:http'
import { expectProblem } from '../support/http/problems'
import { TestService, password, type TestAccount } from '../support/http/test-service'

const minute = 60_000
const day = 24 * 60 * minute

describe.each(['sqlite', 'debug'] as const)('sessions on the %s database', (kind) => {
  let service: TestService
  let admin: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ kind, settings: { sessions: { perAccountMax: 5 } } })
    admin = await service.makeAdmin()
  })
  afterAll(() => service.stop())

  const whoAmI = (token: string) => service.call('GET', '/v1/account', token)
  const sessionIdOf = (token: string) => token.slice(3).split('.')[0]!

  describe('logging in', () => {
    test('answers a token that is not in the list of sessions', async () => {
      const member = await service.makeMember(admin)
      service.nowMs++
      const response = await service
        .call('POST', '/v1/sessions')
        .set('User-Agent', 'a test')
        .send({ name: member.name, password })
        .expect(201)
      const { token, id } = response.body as { token: string; id: string }
      expect(token).toMatch(/^gm_[\w-]{22}\.[\w-]{43}$/)
      expect(sessionIdOf(token)).toBe(id)
      expect(response.headers['cache-control']).toBe('no-store')
      const list = await service.call('GET', '/v1/sessions', token).expect(200)
      const { sessions } = list.body as { sessions: object[] }
      expect(sessions).toHaveLength(2)
      expect(sessions[0]).toEqual({
        id,
        userAgent: 'a test',
        current: true,
        createdAt: new Date(service.nowMs).toISOString(),
        lastSeenAt: new Date(service.nowMs).toISOString(),
        expiresAt: new Date(service.nowMs + 30 * day).toISOString(),
      })
      expect(list.text).not.toContain(token.split('.')[1])
    })

    test('answers an unknown name and a wrong password with the same words', async () => {
      const answers = await Promise.all(
        ['root', 'nobody', '', "' or 1=1--"].map((name) =>
          service.call('POST', '/v1/sessions').send({ name, password: 'wrong password' }),
        ),
      )
      const visible = answers.map(({ status, headers, body }) => {
        const { date: _date, 'x-request-id': _id, ...rest } = headers as Record<string, string>
        return { status, headers: rest, body: { ...(body as object), instance: null } }
      })
      answers.forEach((answer) => expectProblem(answer, 'unauthenticated'))
      for (const one of visible) {
        expect(one).toEqual(visible[0])
      }
    })

    test.each([
      { name: 'root', password: { $ne: null } },
      { name: ['root'], password },
      { name: 7, password },
      { name: 'root' },
      { name: 'root', password, remember: true },
      [],
    ])('refuses the body %j', async (body) => {
      expectProblem(await service.call('POST', '/v1/sessions').send(body), 'invalid')
    })

    test('gives a new token whatever the client brings', async () => {
      const chosen = await service.logIn('root')
      const second = await service
        .call('POST', '/v1/sessions', chosen.token)
        .set('Cookie', `session=${chosen.token}`)
        .send({ name: 'root', password })
        .expect(201)
      expect((second.body as { token: string }).token).not.toBe(chosen.token)
    })

    test('beyond the limit ends the session unseen for longest', async () => {
      const { name, token: first } = await service.makeMember(admin)
      const later: string[] = []
      for (let n = 0; n < 5; n++) {
        service.nowMs += 1000
        later.push((await service.logIn(name)).token)
      }
      expectProblem(await whoAmI(first), 'unauthenticated')
      for (const token of later) await whoAmI(token).expect(200)
    })
  })

  describe('a token', () => {
    test('is taken in its one spelling only', async () => {
      const { token } = await service.makeMember(admin)
      const [head, secret] = token.split('.') as [string, string]
      const flipped = (secret.startsWith('A') ? 'B' : 'A') + secret.slice(1)
      const spellings = [
        '',
        'x'.repeat(10_000),
        `${head}.${flipped}`,
        `${token}=`,
        `${token}.`,
        token.toUpperCase(),
        token.slice(3),
        head,
        `${head}.`,
        Buffer.from(token).toString('base64'),
        // The last character's two unused bits: the same bytes, another spelling.
        `${token.slice(0, -1)}${nextInAlphabet(token.at(-1)!)}`,
      ]
      for (const one of spellings) expectProblem(await whoAmI(one), 'unauthenticated')
      await whoAmI(token).expect(200)
    })

    test('is taken from one Authorization header of the Bearer scheme only', async () => {
      const { token } = await service.makeMember(admin)
      for (const value of [token, `bearer ${token}`, `Basic ${token}`, `Bearer  ${token}`])
        expectProblem(
          await service.call('GET', '/v1/account').set('Authorization', value),
          'unauthenticated',
        )
      expect(await statusWith(service.port, [`Bearer ${token}`, 'Bearer x'])).toBe(401)
      expect(await statusWith(service.port, [`Bearer ${token}`])).toBe(200)
    })

    test('is not taken from the query, the path, a cookie or the body', async () => {
      const { token } = await service.makeMember(admin)
      const tries = [
        service.call('GET', `/v1/account?token=${token}&access_token=${token}`),
        service.call('GET', '/v1/account').set('Cookie', `token=${token}`),
        service.call('GET', '/v1/account').send({ token, access_token: token }),
        service.call('GET', '/v1/account').set('X-Auth-Token', token),
      ]
      for (const one of tries) expectProblem(await one, 'unauthenticated')
      expectProblem(await service.call('GET', `/v1/account/${token}`), 'not_found')
    })

    test('cannot be replaced by the first-account token', async () => {
      expectProblem(await whoAmI(await service.writeFirstAccountToken()), 'unauthenticated')
    })
  })

  describe('the end of a session', () => {
    test('by logging out', async () => {
      const member = await service.makeMember(admin)
      const other = await service.logIn(member.name)
      await service.call('DELETE', '/v1/session', member.token).expect(204)
      expectProblem(await whoAmI(member.token), 'unauthenticated')
      const again = await service.call('DELETE', '/v1/session', member.token)
      expectProblem(again, 'unauthenticated')
      await whoAmI(other.token).expect(200)
    })

    test('by revoking it from another', async () => {
      const member = await service.makeMember(admin)
      const other = await service.logIn(member.name)
      const path = `/v1/sessions/${sessionIdOf(other.token)}`
      await service.call('DELETE', path, member.token).expect(204)
      expectProblem(await whoAmI(other.token), 'unauthenticated')
      expectProblem(await service.call('DELETE', path, member.token), 'not_found')
    })

    test('not by revoking it from another account, be it an admin', async () => {
      const member = await service.makeMember(admin)
      const path = `/v1/sessions/${sessionIdOf(member.token)}`
      const stranger = await service.makeMember(admin)
      expectProblem(await service.call('DELETE', path, stranger.token), 'not_found')
      expectProblem(await service.call('DELETE', path, admin.token), 'not_found')
      await whoAmI(member.token).expect(200)
      const body = (await service.call('GET', '/v1/sessions', stranger.token).expect(200))
        .body as unknown
      expect((body as { sessions: object[] }).sessions).toHaveLength(1)
    })

    test('by standing idle, which use puts off but not for ever', async () => {
      const member = await service.makeMember(admin)
      const idle = await service.logIn(member.name)
      const startMs = service.nowMs
      // Used twice a week: alive until 30 days after login.
      for (let n = 1; n <= 9; n++) {
        service.nowMs = startMs + n * 3.3 * day
        await whoAmI(member.token).expect(200)
        await seenAt(member.token, service.nowMs)
      }
      expectProblem(await whoAmI(idle.token), 'unauthenticated')
      const body = (await service.call('GET', '/v1/sessions', member.token).expect(200))
        .body as unknown
      expect((body as { sessions: object[] }).sessions).toHaveLength(1)
      service.nowMs = startMs + 30 * day
      expectProblem(await whoAmI(member.token), 'unauthenticated')
      service.nowMs = startMs + 30 * day - 1
      await whoAmI(member.token).expect(200)
      service.nowMs = startMs
    })
  })

  /** The last use is written beside the request: waits until it can be seen. */
  async function seenAt(token: string, atMs: number): Promise<void> {
    const lastSeenAt = new Date(atMs).toISOString()
    for (;;) {
      const body = (await service.call('GET', '/v1/sessions', token).expect(200)).body as unknown
      const { sessions } = body as { sessions: { current: boolean; lastSeenAt: string }[] }
      if (sessions.find(({ current }) => current)?.lastSeenAt === lastSeenAt) return
    }
  }
})

function nextInAlphabet(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) + 1]!
}

/** Header lines exactly as given: clients of a higher level would join or drop them. */
function statusWith(port: number, authorizations: string[]): Promise<number | undefined> {
  const headers = authorizations.flatMap((value) => ['Authorization', value])
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path: '/v1/account', agent: false as const }
    request({ ...options, headers: ['Host', 'x', ...headers] as never }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe('two workers', () => {
  test('know at once that a session was ended at the other', async () => {
    const service = await TestService.start()
    const admin = await service.makeAdmin()
    const other = await service.startSibling()
    await other.call('GET', '/v1/account', admin.token).expect(200)
    await service.call('DELETE', '/v1/session', admin.token).expect(204)
    for (let n = 0; n < 20; n++)
      expectProblem(await other.call('GET', '/v1/account', admin.token), 'unauthenticated')
    await other.close()
    await service.stop()
  })
})
