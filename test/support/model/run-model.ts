import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { startService, type Service } from '../service/start-service'
import { versionsKept } from './own-client'
import { Random } from './random'
import { jsonOf, Session } from './session'
import { SharedFiles } from './shared-files'
import { SharingClient } from './sharing-client'

export interface ModelRun {
  seed: number
  operations: number
  database: 'sqlite' | 'debug'
  workers: number
  /** Told now and then how many operations are done. */
  onProgress?: (done: number) => void
}

const password = 'correct horse battery'
const ownClients = 3
const doctor = resolve(__dirname, '../../../dist/webserver/doctor/main.js')

/**
 * Random operations by several clients at once against a service of its own, each answer held against the model, and the
 * books, blobs and digests at the end.
 * @throws {Error} with the seed and what the client did last.
 */
export async function runModel(run: ModelRun): Promise<void> {
  const settings = {
    database: { kind: run.database },
    cluster: { workers: run.workers },
    // Every append keeps what it replaced; the sweep and the compaction are at work meanwhile.
    files: { versionsKept, appendVersionMs: 0, compactAfterMs: 0, sweepIntervalMs: 1000 },
    perf: { level: 'off' },
  } as const
  const service = await startService({ settings })
  try {
    const clients = await makeClients(service, run)
    await Promise.all(clients.map(({ work }) => work()))
    for (const { judge } of clients) judge()
    const { code } = await service.stop()
    if (code !== 0) throw new Error(`the service ended with ${code}:\n${service.output}`)
    examine(service, run)
  } catch (error) {
    throw new Error(`seed ${run.seed}: ${String(error)}\n${service.output.slice(-2000)}`, {
      cause: error,
    })
  } finally {
    await service.dispose()
  }
}

interface Client {
  work(): Promise<void>
  judge(): void
}

async function makeClients(service: Service, run: ModelRun): Promise<Client[]> {
  const { url } = service
  const token = service.firstAccountToken()
  const anyone = new Session(url, null)
  await expectStatus(anyone, '/v1/accounts', { name: 'root', password, token })
  const root = await logIn(url, 'root')
  const make = async (name: string) => {
    await expectStatus(root, '/v1/accounts', { name, password })
    return logIn(url, name)
  }
  const share = Math.ceil(run.operations / (ownClients + 2))
  const counted = counter(run)
  const clients: Client[] = []
  for (let index = 0; index < ownClients; index++) {
    const [name, friendName] = [`own-${index}`, `friend-${index}`]
    const accounts = {
      name,
      own: await make(name),
      friendName,
      friend: await make(friendName),
      anyone,
    }
    const client = new SharingClient(accounts, new Random(run.seed * 31 + index))
    const work = async () => {
      for (let i = 0; i < share; i++) await told(client.step(), client.history, counted)
    }
    clients.push({ work, judge: () => undefined })
  }
  const owner = await make('sharer')
  const other = await make('editor')
  const grant = { owner: 'sharer', folder: 'shared', to: { account: 'editor' }, right: 'edit' }
  await expectStatus(owner, '/v1/grants', grant)
  const files = new SharedFiles('sharer')
  for (const [index, who] of [owner, other].entries()) {
    const random = new Random(run.seed * 37 + index)
    const work = async () => {
      for (let i = 0; i < share; i++) await told(files.step(who, random), [], counted)
    }
    clients.push({ work, judge: () => files.judge() })
  }
  return clients
}

async function told(step: Promise<void>, history: string[], counted: () => void): Promise<void> {
  try {
    await step
    counted()
  } catch (error) {
    throw new Error(`${String(error)}\nafter:\n  ${history.join('\n  ')}`, { cause: error })
  }
}

function counter({ onProgress }: ModelRun): () => void {
  let done = 0
  return () => {
    if (++done % 500 === 0) onProgress?.(done)
  }
}

async function expectStatus(who: Session, path: string, json: object): Promise<void> {
  const { status, body } = await who.ask('POST', path, { json })
  if (status !== 201) throw new Error(`POST ${path} was answered ${status}: ${body.toString()}`)
}

async function logIn(url: string, name: string): Promise<Session> {
  const answer = await new Session(url, null).ask('POST', '/v1/sessions', {
    json: { name, password },
  })
  return new Session(url, jsonOf<{ token: string }>(answer).token)
}

/** Every invariant there is, with the digests of all contents. */
function examine({ dataDirectory }: Service, { database }: ModelRun): void {
  const settings = [
    '--data',
    dataDirectory,
    `--database-kind=${database}`,
    '--database-reserve-bytes=0',
  ]
  execFileSync(process.execPath, [doctor, ...settings, '--digests'], { encoding: 'utf8' })
}
