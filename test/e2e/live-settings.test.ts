import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigInput } from '../../webserver/config/schema'
import { addSubModel } from '../../perf/bench/models'
import { signIn } from '../support/service/accounts'
import { kill } from '../support/service/process-table'
import { startService, type Service } from '../support/service/start-service'
import { waitUntil } from '../support/service/wait-until'

const off = { trace_level: ['OFF'], trace_rate: '1', trace_count: '-1', log_frequency: '0' }
const password = 'correct horse battery'

class Scene {
  constructor(
    readonly service: Service,
    private readonly headers: Record<string, string>,
  ) {}

  static async open(settings: ConfigInput): Promise<Scene> {
    const service = await startService({ settings, models: { simple: addSubModel() } })
    return new Scene(service, await signIn(service))
  }

  async ask(path: string, body?: unknown) {
    const answer = await fetch(`${this.service.url}/v2/${path}`, {
      headers: this.headers,
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
  }

  async infer(): Promise<void> {
    const data = Array.from({ length: 16 }, () => 1)
    const inputs = ['INPUT0', 'INPUT1'].map((name) => ({
      ...{ name, shape: [1, 16], datatype: 'INT32', data },
    }))
    expect((await this.ask('models/simple/infer', { inputs })).status).toBe(200)
  }

  /** Requests in the logs of all processes of a run. */
  requests(run: number, name: 'http' | 'infer'): number {
    return this.logText(run).split(`"n":"${name}"`).length - 1
  }

  logText(run: number): string {
    const directory = join(this.service.perfDirectory, String(run))
    if (!existsSync(directory)) return ''
    const names = readdirSync(directory).filter((name) => /^\d+\.log$/.test(name))
    return names.map((name) => readFileSync(join(directory, name), 'utf8')).join('')
  }

  post(path: string, body: object) {
    const headers = { ...this.headers, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return fetch(this.service.url + path, init)
  }
}

async function withScene(settings: ConfigInput, use: (scene: Scene) => Promise<void>) {
  const scene = await Scene.open(settings)
  try {
    await use(scene)
  } finally {
    await scene.service.dispose()
  }
}

test('tracing is turned on in a service that started without it, for new processes too, and off again', async () => {
  await withScene({ perf: { level: 'off' } }, async (scene) => {
    const { service } = scene
    expect((await scene.ask('trace/setting')).json).toEqual({ trace_file: '', ...off })
    await scene.infer()
    expect(existsSync(join(service.perfDirectory, '1'))).toBe(false)

    const on = { ...off, trace_file: '1/<pid>.log', trace_level: ['TIMESTAMPS'] }
    const answer = await scene.ask('trace/setting', { trace_level: ['TIMESTAMPS'] })
    expect(answer).toEqual({ status: 200, json: on })
    expect((await scene.ask('models/simple/trace/setting')).json).toEqual(on)
    await waitUntil('inference is traced', async () => {
      await scene.infer()
      return scene.requests(1, 'infer') > 0
    })
    await waitUntil('workers are traced', () => scene.requests(1, 'http') > 0)
    const manifest = readFileSync(join(service.perfDirectory, '1/run.json'), 'utf8')
    const { models, processes } = JSON.parse(manifest) as Record<string, unknown[]>
    expect(models).toHaveLength(1)
    expect(processes!.length).toBeGreaterThanOrEqual(4)

    const [engine] = service.pids('engine')
    kill(engine!)
    await waitUntil('it is replaced', () => !service.pids('engine').includes(engine!))
    await service.ready()
    const before = scene.requests(1, 'infer')
    await scene.infer()
    await waitUntil('the new engine is traced', () => scene.requests(1, 'infer') > before)

    expect((await scene.ask('trace/setting', { trace_level: null })).json).toEqual({
      ...off,
      trace_file: '1/<pid>.log',
    })
    await waitUntil('the engine has closed its log', () => {
      const log = join(service.perfDirectory, `1/${service.pids('engine')[0]}.log`)
      return readFileSync(log, 'utf8').includes('"why":"switched"')
    })
    const traced = scene.requests(1, 'infer')
    await scene.infer()
    expect(await service.stop()).toEqual({ code: 0, signal: null })
    expect(scene.requests(1, 'infer')).toBe(traced)
  })
})

test('one of so many requests is traced', async () => {
  await withScene({}, async (scene) => {
    const run = Number(/^run +(\d+)/m.exec(scene.service.output)?.[1] ?? 1)
    const answer = await scene.ask('trace/setting', { trace_rate: '5' })
    expect(answer.json).toMatchObject({ trace_level: ['TIMESTAMPS'], trace_rate: '5' })
    const before = scene.requests(run, 'infer')
    for (let count = 0; count < 20; count++) await scene.infer()
    await scene.service.stop()
    expect(scene.requests(run, 'infer') - before).toBe(4)
  })
})

test('the level of the log changes everywhere, and is told', async () => {
  await withScene({}, async (scene) => {
    const info = {
      ...{ log_file: '', log_info: true, log_warning: true, log_error: true },
      ...{ log_verbose_level: 0, log_format: 'ISO8601' },
    }
    expect((await scene.ask('logging')).json).toEqual(info)
    const quiet = { log_info: false, log_warning: false }
    expect((await scene.ask('logging', quiet)).json).toEqual({ ...info, ...quiet })
    expect((await scene.ask('logging')).json).toEqual({ ...info, ...quiet })
    expect(scene.service.output).toMatch(/"account":"[^"]+".*live settings are changed/)
    const before = scene.service.output
    const [engine] = scene.service.pids('engine')
    kill(engine!)
    await waitUntil('it is replaced', () => !scene.service.pids('engine').includes(engine!))
    await scene.service.ready()
    // The death of a process is a warning.
    expect(scene.service.output.slice(before.length)).not.toContain('a process died')
    const verbose = { ...quiet, log_info: true, log_warning: true, log_verbose_level: 1 }
    expect((await scene.ask('logging', verbose)).json).toEqual({ ...info, log_verbose_level: 1 })
    expect((await scene.ask('logging', {})).json).toEqual({ ...info, log_verbose_level: 1 })
  })
})

test('what cannot be set is refused by name, and who is no admin changes nothing', async () => {
  await withScene({}, async (scene) => {
    const refusals: [path: string, body: object, error: RegExp][] = [
      ['trace/setting', { trace_level: ['TENSORS'] }, /^trace_level: TENSORS is not supported/],
      ['trace/setting', { trace_level: [] }, /^trace_level: /],
      ['trace/setting', { trace_rate: '0' }, /^trace_rate: must be a whole number/],
      ['trace/setting', { trace_count: '10' }, /^trace_count: /],
      ['trace/setting', { log_frequency: 3 }, /^log_frequency: /],
      ['trace/setting', { trace_file: '/tmp/x' }, /^trace_file: cannot be changed/],
      ['trace/setting', { trace_mode: 'opentelemetry' }, /trace_mode/],
      ['models/simple/trace/setting', { trace_rate: '2' }, /^trace_rate: a model has no/],
      ['logging', { log_file: '/tmp/x' }, /^log_file: /],
      ['logging', { log_format: 'default' }, /^log_format: only ISO8601/],
      ['logging', { log_verbose_level: 2 }, /^log_verbose_level: must be 0 or 1/],
      ['logging', { log_error: false }, /^log_error: /],
      ['logging', { log_colour: true }, /log_colour/],
    ]
    for (const [path, body, error] of refusals) {
      const answer = await scene.ask(path, body)
      expect([body, answer]).toEqual([
        body,
        { status: 400, json: { error: expect.stringMatching(error) as string } },
      ])
    }
    const unknown = await scene.ask('models/nobody/trace/setting')
    expect(unknown.status).toBe(404)
    expect((await scene.ask('models/simple/trace/setting', { trace_rate: null })).status).toBe(200)

    await scene.post('/v1/accounts', { name: 'member', password })
    const session = await scene.post('/v1/sessions', { name: 'member', password })
    const { token } = (await session.json()) as { token: string }
    const member = new Scene(scene.service, { authorization: `Bearer ${token}` })
    expect((await member.ask('trace/setting')).status).toBe(200)
    expect((await member.ask('trace/setting', { trace_level: ['OFF'] })).status).toBe(403)
    expect((await member.ask('logging', { log_info: false })).status).toBe(403)
    expect((await scene.ask('trace/setting')).json).toMatchObject({ trace_level: ['TIMESTAMPS'] })
  })
})

test('tracing that cannot be written is refused, and stays off', async () => {
  await withScene({ perf: { level: 'off' } }, async (scene) => {
    // A file where the directory of runs would be.
    writeFileSync(scene.service.perfDirectory, '')
    const answer = await scene.ask('trace/setting', { trace_level: ['TIMESTAMPS'] })
    expect(answer).toEqual({ status: 503, json: { error: 'the perf log cannot be opened' } })
    expect((await scene.ask('trace/setting')).json).toEqual({ trace_file: '', ...off })
  })
})
