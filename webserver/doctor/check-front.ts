import { randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { Paths } from '../config/paths'
import type { Config } from '../config/schema'
import type { Findings } from './finding'

export interface FrontExamination {
  config: Config
  paths: Paths
  url: string
  tokenFile: string | null
  findings: Findings
}

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

const timeoutMs = 5000
const clockSkewMaxMs = 5000
const partBytes = 256 * 1024

/** What clients meet of a service that runs: the nginx in front, or the workers themselves. */
export async function checkFront(use: FrontExamination): Promise<void> {
  const { findings, url } = use
  try {
    const ready = await send(use, { method: 'GET', path: '/readyz' })
    const level = ready.status === 200 ? 'ok' : 'fail'
    findings.add(level, 'ready', `${url}/readyz answers ${ready.status}`)
    checkClock(findings, ready)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    findings.add('fail', 'ready', `${url} does not answer (${why})`, 'Say where it is with --url.')
    return
  }
  checkSockets(use)
  await checkLimits(use)
  await checkWithSession(use)
}

function checkClock(findings: Findings, { headers }: Answer): void {
  const skewMs = Math.abs(Date.parse(headers.date ?? '') - Date.now())
  const isFine = skewMs <= clockSkewMaxMs
  const message = isFine ? 'the clocks agree' : `the clocks are ${skewMs} ms apart`
  findings.add(isFine ? 'ok' : 'warn', 'clock', message)
}

function checkSockets({ paths, findings }: FrontExamination): void {
  const open = (statSync(paths.run).mode & 0o077) !== 0 ? [paths.run] : []
  findings.list(
    {
      level: 'fail',
      check: 'sockets',
      fine: 'the sockets are for the service alone',
      wrong: 'directory of sockets is open to others:',
      advice: 'chmod 700 it: who can reach the sockets is past nginx.',
    },
    open,
  )
}

/** Bodies are refused by the length that is said, before any of it is sent. */
async function checkLimits(use: FrontExamination): Promise<void> {
  const { config, findings } = use
  const cases = [
    { path: '/v1/sessions', method: 'POST', bytesMax: config.http.jsonBodyBytesMax },
    { path: '/v1/files/nobody/none', method: 'PUT', bytesMax: config.files.uploadBytesMax },
  ]
  const wrong: string[] = []
  for (const { path, method, bytesMax } of cases) {
    const headers = { 'content-length': bytesMax + 1, 'content-type': 'application/json' }
    const sent = { method, path, headers, withoutBody: true }
    const answer = await send(use, sent).catch(() => null)
    if (answer === null) wrong.push(`${method} ${path} answers nothing before the body`)
    // Who is not signed in may be told so first.
    else if (answer.status !== 413 && answer.status !== 401)
      wrong.push(`${method} ${path} answers ${answer.status}, not 413`)
  }
  findings.list(
    {
      level: 'fail',
      check: 'body limits',
      fine: 'bodies that are too large are refused before they are sent',
      wrong: 'limits do not hold:',
      advice: 'Is something else in front of the service, or was nginx.conf changed?',
    },
    wrong,
  )
}

async function checkWithSession(use: FrontExamination): Promise<void> {
  const { tokenFile, findings } = use
  if (tokenFile === null) {
    const advice = 'Give it a session with --token-file (--help says how).'
    findings.add('warn', 'streaming', 'uploads and downloads were not tried', advice)
    return
  }
  const token = readFileSync(tokenFile, 'utf8').trim()
  const account = await send(use, { method: 'GET', path: '/v1/account', token })
  if (account.status !== 200) {
    findings.add('fail', 'session', `the token is answered ${account.status}`, 'Sign in anew.')
    return
  }
  const { name } = JSON.parse(account.body.toString()) as { name: string }
  const path = `/v1/files/${name}/.doctor/${randomBytes(9).toString('base64url')}`
  const content = randomBytes(2 * partBytes)
  try {
    await checkStreaming(use, { path, token, content })
    await checkDownload(use, { path, token, content })
  } finally {
    await send(use, { method: 'DELETE', path: `${path}?permanent=true`, token })
  }
}

interface Probe {
  path: string
  token: string
  content: Buffer
}

/** Sends half of an upload, and the rest only once the first half is seen on the service's disk. */
async function checkStreaming(use: FrontExamination, probe: Probe): Promise<void> {
  const { findings, paths } = use
  const before = new Set(readdirSync(paths.drafts))
  const headers = { authorization: `Bearer ${probe.token}` }
  const outgoing = request(use.url + probe.path, { method: 'PUT', headers, timeout: timeoutMs })
  const answered = answerOf(outgoing)
  outgoing.write(probe.content.subarray(0, partBytes))
  const hasArrived = await sees(() => largestOf(paths.drafts, before) >= partBytes / 2)
  outgoing.end(probe.content.subarray(partBytes))
  const { status } = await answered
  if (status !== 201) findings.add('fail', 'streaming', `an upload was answered ${status}`)
  else if (hasArrived)
    findings.add('ok', 'streaming', 'an upload reaches the disk while it is being sent')
  else
    findings.add(
      'fail',
      'streaming',
      'an upload reaches the service only when all of it was sent',
      'Something in front holds bodies back: proxy_request_buffering must be off.',
    )
}

async function checkDownload(use: FrontExamination, { path, token, content }: Probe) {
  const { findings, config } = use
  const whole = await send(use, { method: 'GET', path, token })
  const range = `bytes=${partBytes}-`
  const part = await send(use, { method: 'GET', path, token, headers: { range } })
  const isSame = whole.body.equals(content) && part.body.equals(content.subarray(partBytes))
  const isLeaking = whole.headers['x-accel-redirect'] !== undefined
  const way = config.http.nginx ? 'by nginx' : 'by the workers'
  if (isSame && part.status === 206 && !isLeaking)
    findings.add('ok', 'downloads', `a file and a part of it come back as stored, ${way}`)
  else
    findings.add(
      'fail',
      'downloads',
      `a file came back ${whole.status} with ${whole.body.length} of ${content.length} bytes, its half ${part.status}`,
      'nginx must be able to read the blobs: see its error log.',
    )
}

async function sees(condition: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs - 1000; waitedMs += 50) {
    if (condition()) return true
    await delay(50)
  }
  return false
}

function largestOf(directory: string, without: ReadonlySet<string>): number {
  const names = readdirSync(directory).filter((name) => !without.has(name))
  const sizes = names.map(
    (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size,
  )
  return Math.max(0, ...sizes.map((size) => size ?? 0))
}

interface Sent {
  method: string
  path: string
  token?: string
  headers?: OutgoingHttpHeaders
  withoutBody?: boolean
}

async function send({ url }: FrontExamination, sent: Sent): Promise<Answer> {
  const { method, path, token, headers = {}, withoutBody = false } = sent
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const options = { method, headers: { ...authorization, ...headers }, timeout: timeoutMs }
  const outgoing = request(url + path, { ...options, agent: false })
  const answered = answerOf(outgoing)
  if (withoutBody) outgoing.flushHeaders()
  else outgoing.end()
  const answer = await answered
  outgoing.destroy()
  return answer
}

function answerOf(outgoing: ReturnType<typeof request>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const { statusCode: status = 0, headers } = incoming
      buffer(incoming).then((body) => resolve({ status, headers, body }), reject)
    })
  })
}
