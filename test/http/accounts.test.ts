import { access, stat } from 'node:fs/promises'
import { expectProblem } from '../support/http/problems'
import { TestService, password, type TestAccount } from '../support/http/test-service'

const newPassword = 'another battery staple'

describe.each(['sqlite', 'debug'] as const)('accounts on the %s database', (kind) => {
  let service: TestService
  let admin: TestAccount

  beforeAll(async () => {
    service = await TestService.start({ kind })
    admin = await service.makeAdmin()
  })
  afterAll(() => service.stop())

  const register = (body: object, token?: string) =>
    service.call('POST', '/v1/accounts', token).send(body)

  describe('registration', () => {
    test('the first account is an admin, and its token file is gone', async () => {
      const body = (await service.call('GET', '/v1/account', admin.token).expect(200))
        .body as unknown
      expect(body).toMatchObject({ role: 'admin' })
      await expect(access(service.scratch.paths.firstAccountToken)).rejects.toThrow('ENOENT')
    })

    test('a first-account token that turns up again makes no second admin', async () => {
      const token = await service.writeFirstAccountToken()
      expectProblem(await register({ name: 'usurper', password, token }), 'conflict')
      expectProblem(await register({ name: 'usurper', password, token: 'wrong' }), 'forbidden')
    })

    test('while it is closed, only an admin makes accounts', async () => {
      const member = await service.makeMember(admin)
      expectProblem(await register({ name: 'eve', password }), 'forbidden')
      expectProblem(await register({ name: 'eve', password }, member.token), 'forbidden')
      const body = (await register({ name: 'ann', password }, admin.token).expect(201))
        .body as unknown
      expect(body).toEqual({
        id: expect.any(String) as string,
        name: 'ann',
        role: 'member',
        quotaBytes: 10 * 1024 ** 3,
        usedBytes: 0,
        createdAt: new Date(service.nowMs).toISOString(),
      })
    })

    test('a token that is not valid is refused rather than ignored', async () => {
      expectProblem(await register({ name: 'eve', password }, 'gm_x.y'), 'unauthenticated')
    })

    test('a name is taken once', async () => {
      await register({ name: 'bob', password }, admin.token).expect(201)
      expectProblem(await register({ name: 'bob', password }, admin.token), 'conflict')
    })

    test.each([
      '',
      'A',
      'a b',
      '.a',
      'a/b',
      'a..b',
      '../a',
      'é',
      'a'.repeat(64),
      "' or 1=1--",
      'a\0',
    ])('the name %j is refused', async (name) => {
      expectProblem(await register({ name, password }, admin.token), 'invalid', 'name')
    })

    test.each(['constructor', 'tostring', 'hasownproperty', '1', 'a'.repeat(63)])(
      'the name %j is a name like any other',
      async (name) => {
        await register({ name, password }, admin.token).expect(201)
        const account = await service.logIn(name)
        expect(account.name).toBe(name)
      },
    )

    test.each([
      ['of 7 characters', 'abcdefg'],
      ['of 129 characters', 'x'.repeat(129)],
      ['of 1025 characters', 'x'.repeat(1025)],
      ['that everyone tries first', '12345678'],
      ['that is the name', 'longenoughname'],
      ['with half a character', 'abcdefgh\ud800'],
    ])('a password %s is refused', async (_what, given) => {
      const response = await register({ name: 'longenoughname', password: given }, admin.token)
      expectProblem(response, 'invalid', 'password')
    })

    test.each([
      ['of 8 characters', 'gR9-tq2!'],
      ['of 128 characters', 'x'.repeat(128)],
      ['of 8 emoji', '🌾'.repeat(8)],
      ['with a NUL', 'before\0after'],
      ['with spaces at its ends', '  spaces count  '],
    ])('a password %s works, and only exactly', async (what, given) => {
      const name = `exact-${Buffer.from(what).toString('hex').slice(0, 40)}`
      await register({ name, password: given }, admin.token).expect(201)
      const logIn = (text: string) =>
        service.call('POST', '/v1/sessions').send({ name, password: text })
      await logIn(given).expect(201)
      for (const other of [given.trim(), given.split('\0')[0]!, given.slice(0, -1), `${given} `])
        if (other !== given) expectProblem(await logIn(other), 'unauthenticated')
    })

    test.each(['role', 'id', 'quotaBytes', 'usedBytes', 'verified', 'authEpoch', '__proto__'])(
      'the body cannot set %s',
      async (key) => {
        const body = `{"name":"eve","password":"${password}","${key}":"admin"}`
        const response = await service
          .call('POST', '/v1/accounts', admin.token)
          .type('json')
          .send(body)
        expectProblem(response, 'invalid', key)
        expect({}).not.toHaveProperty('admin')
      },
    )
  })

  describe('the password', () => {
    const change = (account: TestAccount, body: object) =>
      service.call('PUT', '/v1/account/password', account.token).send(body)

    test('changes with the current one, and other sessions end at once', async () => {
      const member = await service.makeMember(admin)
      const other = await service.logIn(member.name)
      await change(member, { currentPassword: password, newPassword }).expect(204)
      await service.call('GET', '/v1/account', member.token).expect(200)
      expectProblem(await service.call('GET', '/v1/account', other.token), 'unauthenticated')
      const logIn = (text: string) =>
        service.call('POST', '/v1/sessions').send({ name: member.name, password: text })
      expectProblem(await logIn(password), 'unauthenticated')
      await logIn(newPassword).expect(201)
    })

    test('stays when the current one is wrong or the new one is refused', async () => {
      const member = await service.makeMember(admin)
      const wrong = await change(member, { currentPassword: newPassword, newPassword })
      expectProblem(wrong, 'forbidden', 'currentPassword')
      const short = await change(member, { currentPassword: password, newPassword: 'short' })
      expectProblem(short, 'invalid', 'newPassword')
      expectProblem(await change(member, { newPassword }), 'invalid', 'currentPassword')
      await service.logIn(member.name)
    })

    test('of two changes at once one wins', async () => {
      const member = await service.makeMember(admin)
      const bodies = ['first new password', 'second new password'].map((text) => ({
        currentPassword: password,
        newPassword: text,
      }))
      const answers = await Promise.all(bodies.map((body) => change(member, body)))
      const statuses = answers.map(({ status }) => status).sort()
      expect([
        [204, 403],
        [204, 409],
      ]).toContainEqual(statuses)
    })
  })

  describe('deletion', () => {
    const remove = (account: TestAccount, body: object) =>
      service.call('DELETE', '/v1/account', account.token).send(body)

    test('ends the account and its sessions, and the name begins anew', async () => {
      const member = await service.makeMember(admin)
      await remove(member, { password }).expect(204)
      expectProblem(await service.call('GET', '/v1/account', member.token), 'unauthenticated')
      const reborn = await service.makeMember(admin, member.name)
      expect(reborn.id).not.toBe(member.id)
      expectProblem(await service.call('GET', '/v1/account', member.token), 'unauthenticated')
    })

    test('needs the password', async () => {
      const member = await service.makeMember(admin)
      expectProblem(await remove(member, { password: newPassword }), 'forbidden', 'password')
      expectProblem(await remove(member, {}), 'invalid', 'password')
      await service.call('GET', '/v1/account', member.token).expect(200)
    })

    test('is refused to the last admin', async () => {
      expectProblem(await remove(admin, { password }), 'conflict')
      await service.call('GET', '/v1/account', admin.token).expect(200)
    })
  })
})

describe('open registration', () => {
  let service: TestService

  beforeAll(async () => {
    service = await TestService.start({ settings: { accounts: { registration: 'open' } } })
  })
  afterAll(() => service.stop())

  test('waits for the first account, then is for anyone', async () => {
    const body = { name: 'early', password }
    const early = await service.call('POST', '/v1/accounts').send(body)
    expectProblem(early, 'forbidden', 'token')
    await service.makeAdmin()
    const late = await service.call('POST', '/v1/accounts').send(body).expect(201)
    expect(late.body).toMatchObject({ role: 'member' })
  })

  test('of many registrations of one name at once, one succeeds', async () => {
    const body = { name: 'contested', password }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => service.call('POST', '/v1/accounts').send(body)),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, ...Array<number>(7).fill(409)])
  })
})

describe('the first account', () => {
  let service: TestService

  beforeEach(async () => {
    service = await TestService.start()
  })
  afterEach(() => service.stop())

  test('is made once, however many use the token at once', async () => {
    const token = await service.writeFirstAccountToken()
    expect((await stat(service.scratch.paths.firstAccountToken)).mode & 0o777).toBe(0o600)
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        service.call('POST', '/v1/accounts').send({ name: `first-${n}`, password, token }),
      ),
    )
    const made = answers.filter(({ status }) => status === 201)
    expect(made).toHaveLength(1)
    for (const { status } of answers) expect([201, 403, 409]).toContain(status)
  })

  test('is not made without the token', async () => {
    for (const token of ['', 'wrong', 'a-token-that-was-printed-at-star'])
      expectProblem(
        await service.call('POST', '/v1/accounts').send({ name: 'root', password, token }),
        'forbidden',
        'token',
      )
  })
})
