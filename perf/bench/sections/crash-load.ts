import { createHash, randomBytes, randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { filePath } from '../../../webserver/demo/client'
import { requireFloats } from '../../../webserver/demo/tensors'
import type { Service } from '../service'
import { sha256Of, type Ledger, type State } from './crash-ledger'
import { ask, jsonOf } from './crash-requests'
import { ResumableLoad } from './crash-resumable'

const pauseAfterFailureMs = 20
const contentBytesMax = 32 * 1024
const appendBytesMax = 2000
const modelWidth = 16

/**
 * Several loops at once until told to stop: two make and replace files, two do everything else that changes files, two
 * send uploads in pieces, one makes accounts, two run a model.
 */
export class MixedLoad {
  private stopping = false
  private readonly loops: Promise<void>[]

  constructor(
    private readonly service: Service,
    private readonly ledger: Ledger,
  ) {
    const uploads = new ResumableLoad(service, ledger)
    const resumed = () => uploads.step()
    const own = [this.create, this.create, this.changeSome, this.changeSome, this.register]
    const steps = [...own, this.infer, this.infer].map((step) => () => step.call(this))
    this.loops = [...steps, resumed, resumed].map((step) => this.repeat(step))
  }

  async stop(): Promise<void> {
    this.stopping = true
    await Promise.all(this.loops)
  }

  private async repeat(step: () => Promise<boolean>): Promise<void> {
    while (!this.stopping) if (!(await step())) await delay(pauseAfterFailureMs)
  }

  private async create(): Promise<boolean> {
    return this.put('create', `crash/${randomBytes(9).toString('hex')}`)
  }

  /** Each loop has its own paths, so that nothing of this client comes between. */
  private taken = new Set<string>()

  private readonly steps = [
    ...[this.replace, this.delete, this.restore, this.revert, this.letGo, this.forget],
    ...[this.replace, this.delete, this.restore, this.move, this.append, this.append],
    ...[this.move, this.describe, this.empty, this.spoil, this.race, this.letGo, this.forget],
  ]

  private async changeSome(): Promise<boolean> {
    const free = (isFile: boolean) =>
      this.ledger.pathsWith(isFile).filter((path) => !this.taken.has(path))
    const step = this.steps[randomInt(this.steps.length)]!
    const needsFile = step !== this.restore && step !== this.letGo
    const paths = free(needsFile)
    const path = paths[randomInt(Math.max(1, paths.length))]
    if (path === undefined) return false
    this.taken.add(path)
    try {
      return await step.call(this, path)
    } finally {
      this.taken.delete(path)
    }
  }

  private replace(path: string): Promise<boolean> {
    return this.put('replace', path)
  }

  /** One in four uploads repeats a content that may be stored already, so that shared blobs are met too. */
  private async put(kind: string, path: string): Promise<boolean> {
    this.taken.add(path)
    const body =
      randomInt(4) === 0
        ? Buffer.alloc(1000, randomInt(10))
        : randomBytes(randomInt(contentBytesMax))
    const headers = { 'content-type': 'application/octet-stream' }
    const send = () => ask(this.service, 'PUT', this.at(path), { headers, body })
    const answer = await this.ledger.change(kind, { path, to: sha256Of(body) }, send)
    this.taken.delete(path)
    return answer !== null
  }

  /** In place, where the file ends by all that is known. */
  private async append(path: string): Promise<boolean> {
    const current = await ask(this.service, 'GET', this.at(path)).catch(() => null)
    if (current?.status !== 200) return false
    const added = randomBytes(1 + randomInt(appendBytesMax))
    const headers = {
      'content-type': 'application/octet-stream',
      'upload-offset': String(current.body.length),
    }
    const to = sha256Of(Buffer.concat([current.body, added]))
    const send = () => ask(this.service, 'PATCH', this.at(path), { headers, body: added })
    return (await this.ledger.change('append', { path, to }, send)) !== null
  }

  private async move(path: string): Promise<boolean> {
    const to = `crash/moved-${randomBytes(9).toString('hex')}`
    const state = this.ledger.stateOf(path)
    this.taken.add(to)
    const place = (at: string) => ({ owner: this.service.account, path: at })
    const operations = [{ op: 'move', from: place(path), to: place(to) }]
    const send = () => ask(this.service, 'POST', '/v1/bulk', { body: { operations } })
    const answer = await this.ledger.change('move', { path, to: null }, () =>
      this.ledger.follow({ path: to, to: state }, send),
    )
    this.taken.delete(to)
    return answer !== null
  }

  /** Changes what is said of a file, and nothing of what it holds. */
  private async describe(path: string): Promise<boolean> {
    const at = this.at(path).replace('/v1/files/', '/v1/info/files/')
    const body = { metadata: { round: String(randomInt(1000)) } }
    const answer = await this.ledger.count('describe', () =>
      ask(this.service, 'PATCH', at, { body }),
    )
    return answer !== null
  }

  /** Bytes that are not what they are said to be leave nothing, and their room is given back. */
  private async spoil(): Promise<boolean> {
    const path = `crash/spoilt-${randomBytes(9).toString('hex')}`
    this.ledger.files.set(path, new Set([null]))
    const body = randomBytes(contentBytesMax)
    const digest = createHash('sha256').update('other').digest('base64')
    const headers = { 'content-digest': `sha-256=:${digest}:` }
    const answer = await ask(this.service, 'PUT', this.at(path), { headers, body }).catch(
      () => null,
    )
    return answer?.status === 400
  }

  /** Of two that make one file, one makes it, and what the other brought goes. */
  private async race(): Promise<boolean> {
    const path = `crash/raced-${randomBytes(9).toString('hex')}`
    const bodies = [randomBytes(5000), randomBytes(5000)]
    const states = bodies.map(sha256Of)
    this.ledger.files.set(path, new Set([null, ...states]))
    const headers = { 'if-none-match': '*' }
    const send = (body: Buffer) => ask(this.service, 'PUT', this.at(path), { headers, body })
    const answers = await Promise.all(
      bodies.map((body) => this.ledger.count('race', () => send(body))),
    )
    const winner = states.find((_, which) => answers[which] !== null)
    if (winner !== undefined) this.ledger.files.set(path, new Set([winner]))
    return winner !== undefined
  }

  private async delete(path: string): Promise<boolean> {
    const send = () => ask(this.service, 'DELETE', this.at(path))
    return (await this.ledger.change('delete', { path, to: null }, send)) !== null
  }

  private async restore(path: string): Promise<boolean> {
    const found = await this.inTrash(path)
    if (found === null) return false
    const send = () => ask(this.service, 'POST', `/v1/trash/${found.id}/restore`, { body: {} })
    return (await this.ledger.change('restore', { path, to: found.sha256 }, send)) !== null
  }

  private async letGo(path: string): Promise<boolean> {
    const found = await this.inTrash(path)
    if (found === null) return false
    const send = () => ask(this.service, 'DELETE', `/v1/trash/${found.id}`)
    return (await this.ledger.change('let go', { path, to: null }, send)) !== null
  }

  private async empty(): Promise<boolean> {
    const send = () => ask(this.service, 'DELETE', '/v1/trash')
    return (await this.ledger.count('empty trash', send)) !== null
  }

  private async inTrash(path: string): Promise<{ id: string; sha256: string } | null> {
    const answer = await ask(this.service, 'GET', '/v1/trash?limit=50').catch(() => null)
    if (answer?.status !== 200) return null
    const { files } = jsonOf(answer) as { files: { path: string; id: string; sha256: State }[] }
    return withDigest(files.find((file) => file.path === path))
  }

  /** Makes the latest earlier version the current one. */
  private async revert(path: string): Promise<boolean> {
    const earlier = await this.earlierVersion(path)
    if (earlier === null) return false
    const { version, sha256 } = earlier
    const send = () => ask(this.service, 'POST', this.versionsOf(path), { body: { version } })
    return (await this.ledger.change('revert', { path, to: sha256 }, send)) !== null
  }

  /** Lets an earlier version go. */
  private async forget(path: string): Promise<boolean> {
    const earlier = await this.earlierVersion(path)
    if (earlier === null) return false
    const at = `${this.versionsOf(path)}?version=${earlier.version}`
    const send = () => ask(this.service, 'DELETE', at)
    return (await this.ledger.count('let version go', send)) !== null
  }

  private async earlierVersion(path: string): Promise<{ version: number; sha256: string } | null> {
    const at = `${this.versionsOf(path)}?limit=2`
    const answer = await ask(this.service, 'GET', at).catch(() => null)
    if (answer?.status !== 200) return null
    const { versions } = jsonOf(answer) as { versions: { version: number; sha256: State }[] }
    return withDigest(versions.find(({ sha256 }) => sha256 !== this.ledger.stateOf(path)))
  }

  private versionsOf(path: string): string {
    return this.at(path).replace('/v1/files/', '/v1/versions/')
  }

  private async register(): Promise<boolean> {
    const name = `crash-${randomBytes(9).toString('hex')}`
    const password = randomBytes(9).toString('hex')
    const send = () => ask(this.service, 'POST', '/v1/accounts', { body: { name, password } })
    const answer = await this.ledger.count('register', send)
    if (answer !== null) this.ledger.accounts.set(name, password)
    return answer !== null
  }

  /** The model answers what it got, so a wrong answer shows. */
  private async infer(): Promise<boolean> {
    const data = Float32Array.from({ length: modelWidth }, () => Math.random())
    const inputs = [{ name: 'INPUT0', shape: [1, modelWidth], data }]
    const outputs = await this.service.client.infer('echo', inputs).catch(() => null)
    if (outputs === null) return false
    this.ledger.inferences++
    const answer = requireFloats(outputs, 'OUTPUT0').data
    if (!Buffer.from(answer.buffer).equals(Buffer.from(data.buffer))) this.ledger.wrongInferences++
    return true
  }

  private at(path: string): string {
    return filePath(this.service.account, path)
  }
}

/** One whose digest is known: what was changed in parts has none until somebody has read it all. */
function withDigest<T extends { sha256: State }>(found?: T): (T & { sha256: string }) | null {
  return found === undefined || found.sha256 === null ? null : { ...found, sha256: found.sha256 }
}
