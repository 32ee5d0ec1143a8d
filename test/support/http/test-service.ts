import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import request, { type Test } from 'supertest'
import { NoPerf } from '../../../perf/no-perf'
import { openApp, type App } from '../../../webserver/app'
import type { ProcessSetup, ServiceStatus } from '../../../webserver/config/process-setup'
import { configSchema, type ConfigInput } from '../../../webserver/config/schema'
import { AppError } from '../../../webserver/domain/errors'
import type { ServiceControl } from '../../../webserver/domain/service-control'
import { Counts } from '../../../webserver/metrics/counts'
import { createLogger } from '../../../webserver/platform/logger'
import { ScratchDatabase, type Kind } from '../database/scratch-database'

export interface TestServiceOptions {
  kind?: Kind
  settings?: Omit<ConfigInput, 'data' | 'database'>
}

export interface TestAccount {
  id: string
  name: string
  password: string
  /** Of a session that is open. */
  token: string
}

export const password = 'correct horse battery'

const everythingReady: ServiceStatus = {
  draining: false,
  processes: [
    { role: 'writer', slot: 1, ready: true },
    { role: 'worker', slot: 1, ready: true },
  ],
}

/** These workers run without a primary. */
const noPrimary: ServiceControl = {
  ask: () => Promise.reject(new AppError('unavailable', 'there is no primary')),
}

// Real functions at the least cost: these tests are about what is asked, not how long it takes.
const cheapPasswords = { argon2MemoryKib: 64, argon2Passes: 1, scryptCostLog2: 10, bcryptCost: 4 }

/** A worker's whole app on a loopback port, with a real writer process and a clock that tests can move. */
export class TestService {
  nowMs = Date.now()
  private accounts = 0

  private constructor(
    readonly scratch: ScratchDatabase,
    private readonly app: App,
    private readonly settings: NonNullable<TestServiceOptions['settings']>,
  ) {}

  static async start({ kind = 'sqlite', settings = {} }: TestServiceOptions = {}) {
    const scratch = await ScratchDatabase.create(kind)
    await scratch.startWriter()
    return TestService.serve(scratch, settings)
  }

  private static async serve(
    scratch: ScratchDatabase,
    settings: NonNullable<TestServiceOptions['settings']>,
  ) {
    const config = configSchema.parse({
      ...scratch.config,
      ...settings,
      http: { nginx: false, ...settings.http },
      passwords: { ...cheapPasswords, ...settings.passwords },
    })
    const setup: ProcessSetup = { role: 'worker', slot: 1, config, run: null }
    const log = createLogger('silent', 'worker', 1)
    const context = {
      setup,
      paths: scratch.paths,
      perf: new NoPerf(),
      log,
      control: noPrimary,
      counts: new Counts(),
      tell: () => undefined,
    }
    const clock = { now: Date.now }
    const app = await openApp(context, () => clock.now())
    const service = new TestService(scratch, app, settings)
    clock.now = () => service.nowMs
    service.app.setStatus(everythingReady)
    service.app.server.listen(0, '127.0.0.1')
    await once(service.app.server, 'listening')
    return service
  }

  /** One more worker on the same data, to be ended with `close`. */
  startSibling(): Promise<TestService> {
    return TestService.serve(this.scratch, this.settings)
  }

  get port(): number {
    return (this.app.server.address() as AddressInfo).port
  }

  get server() {
    return this.app.server
  }

  setStatus(status: ServiceStatus): void {
    this.app.setStatus(status)
  }

  async close(): Promise<void> {
    this.app.server.closeAllConnections()
    this.app.server.close()
    await this.app.close()
  }

  /** Ends the writer too, and deletes the data. */
  async stop(): Promise<void> {
    await this.close()
    await this.scratch.destroy()
  }

  call(method: string, path: string, token?: string): Test {
    const verb = method.toLowerCase() as 'get'
    const test = request(this.app.server)[verb](path)
    return token === undefined ? test : test.set('Authorization', `Bearer ${token}`)
  }

  /** The first account, made with its one-time token as the start of the service leaves it. */
  async makeAdmin(name = 'root'): Promise<TestAccount> {
    const token = await this.writeFirstAccountToken()
    await this.call('POST', '/v1/accounts').send({ name, password, token }).expect(201)
    return this.logIn(name)
  }

  async writeFirstAccountToken(): Promise<string> {
    const token = 'a-token-that-was-printed-at-start'
    await writeFile(this.scratch.paths.firstAccountToken, `${token}\n`, { mode: 0o600 })
    return token
  }

  /** A member with a name of its own, made by the admin. */
  async makeMember(admin: TestAccount, name = `member-${++this.accounts}`): Promise<TestAccount> {
    await this.call('POST', '/v1/accounts', admin.token).send({ name, password }).expect(201)
    return this.logIn(name)
  }

  async logIn(name: string): Promise<TestAccount> {
    const body = (await this.call('POST', '/v1/sessions').send({ name, password }).expect(201))
      .body as unknown
    const { token } = body as { token: string }
    const account = await this.call('GET', '/v1/account', token).expect(200)
    return { id: (account.body as { id: string }).id, name, password, token }
  }
}
