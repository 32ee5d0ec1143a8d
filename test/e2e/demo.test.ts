import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startService, type Service } from '../support/service/start-service'

const program = resolve(__dirname, '../../dist/webserver/demo/main.js')

// The recogniser tells these apart without a context, which random words do not give it.
const letters = 'ADEHKNR2345789'

function randomText(): string {
  const word = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return `${word()} ${word()}`
}

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function runDemo(...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    )
  })
}

describe('the demo against a service with its sample models', () => {
  let service: Service

  beforeAll(async () => {
    service = await startService({ settings: { models: { samples: true } } })
    await service.ready()
  })

  afterAll(() => service.dispose())

  const demo = (text: string) =>
    runDemo(
      ...['--url', service.url, '--data', service.dataDirectory],
      ...['--perf-logs', service.perfDirectory, ...text.split(' ')],
    )

  it('makes the first account, reads the words it was given, and says where the time went', async () => {
    const text = randomText()
    const { code, stdout, stderr } = await demo(text)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`ppocr-rec reads: "${text}"`)
    expect(stdout).toContain('These are the words that were drawn.')
    expect(stdout).toContain(join(service.perfDirectory, '1'))
    expect(stdout).toContain('"rt":"PUT /v1/files/:owner/*path","s":201')
    expect(stdout).toMatch(/infer ppocr-rec: \{.*"m":"ppocr-rec"/)
  })

  it('hears speech in the voice and in nothing else', async () => {
    const { stdout } = await demo(randomText())
    const means = [...stdout.matchAll(/^ {2}(.*?) +mean probability of speech (.*)$/gm)]
    const heard = means.filter(([, , mean]) => Number(mean) > 0.5).map(([, name]) => name)
    expect(means).toHaveLength(5)
    expect(heard).toEqual(['voice-like'])
  })

  it('signs in again with the account it made, which it keeps for its owner alone', async () => {
    const file = join(service.dataDirectory, 'demo-account.json')
    const before = readFileSync(file, 'utf8')
    const text = randomText()
    const { code, stdout } = await demo(text)
    expect(code).toBe(0)
    expect(stdout).toContain(`ppocr-rec reads: "${text}"`)
    expect(stdout).not.toContain('make the account')
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('ends with 1 and a sentence when no service answers', async () => {
    const { code, stderr } = await runDemo(
      '--url',
      'http://127.0.0.1:1',
      '--data',
      service.directory,
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^The demo failed\. .*no answer from http:\/\/127\.0\.0\.1:1/)
  })
})

it('the demo explains itself, and its options when they are wrong', async () => {
  const help = await runDemo('--help')
  expect([help.code, help.stderr]).toEqual([0, ''])
  expect(help.stdout).toContain('--data DIR')
  const wrong = await runDemo('--nonsense')
  expect([wrong.code, wrong.stdout]).toEqual([2, ''])
  expect(wrong.stderr).toContain('--nonsense')
})
