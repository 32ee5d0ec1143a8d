import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { signIn } from '../support/service/accounts'
import { startService, type Service } from '../support/service/start-service'

const program = resolve(__dirname, '../../dist/webserver/doctor/main.js')

interface Finding {
  check: string
  level: string
  message: string
}

describe.each([true, false])('the doctor beside a service, with nginx: %s', (nginx) => {
  let service: Service
  let tokenFile: string

  beforeAll(async () => {
    service = await startService({ nginx, settings: { files: { uploadBytesMax: 2 ** 30 } } })
    const { authorization } = await signIn(service)
    tokenFile = join(service.directory, 'token')
    writeFileSync(tokenFile, authorization.replace('Bearer ', ''), { mode: 0o600 })
  })
  afterAll(() => service.dispose())

  function run(...options: string[]): Promise<{ code: number; stderr: string; all: Finding[] }> {
    const settings = ['--data', service.dataDirectory, `--http-nginx=${nginx}`]
    const limits = ['--files-upload-bytes-max', String(2 ** 30), '--database-reserve-bytes=0']
    const argv = [program, ...settings, ...limits, '--json', ...options]
    return new Promise((done) => {
      execFile(process.execPath, argv, (error, stdout, stderr) => {
        const all = stdout === '' ? [] : (JSON.parse(stdout) as Finding[])
        done({ code: Number(error?.code ?? 0), stderr, all })
      })
    })
  }
  const checksOf = (all: Finding[], ...levels: string[]) =>
    all.filter(({ level }) => levels.includes(level)).map(({ check }) => check)

  test('finds everything as it should be, and leaves nothing behind', async () => {
    const { code, all } = await run('--url', service.url, '--token-file', tokenFile)
    expect(checksOf(all, 'fail', 'warn')).toEqual([])
    expect(code).toBe(0)
    const seen = ['ready', 'clock', 'sockets', 'body limits', 'streaming', 'downloads']
    expect(checksOf(all, 'ok')).toEqual(expect.arrayContaining(seen))
    const again = await run('--url', service.url, '--token-file', tokenFile, '--digests')
    expect(checksOf(again.all, 'fail')).toEqual([])
  })

  test('says what it could not try, and repairs nothing that is in use', async () => {
    const { code, all } = await run('--url', service.url)
    expect(checksOf(all, 'warn')).toEqual(['streaming'])
    expect(code).toBe(0)
    const repairing = await run('--repair')
    expect(repairing.code).toBe(2)
    expect(repairing.stderr).toContain('stop it to repair')
  })

  test('sees a front that holds bodies back, and sockets that are open', async () => {
    const holding = await holdBodies(service.url)
    chmodSync(service.runDirectory, 0o755)
    try {
      const url = `http://127.0.0.1:${(holding.address() as AddressInfo).port}`
      const { code, all } = await run('--url', url, '--token-file', tokenFile)
      expect(checksOf(all, 'fail')).toEqual(expect.arrayContaining(['sockets', 'streaming']))
      expect(code).toBe(1)
    } finally {
      chmodSync(service.runDirectory, 0o700)
      holding.close()
    }
  })
})

/** A proxy as many have one in front: it reads the whole body first. */
async function holdBodies(url: string): Promise<Server> {
  const server = createServer((req, res) => {
    const { method, headers } = req
    void buffer(req).then(
      (body) => {
        const outgoing = request(
          `${url}${req.url}`,
          { method, headers, agent: false },
          (incoming) => {
            res.writeHead(incoming.statusCode!, incoming.headers)
            incoming.pipe(res)
          },
        )
        outgoing.on('error', () => res.destroy())
        outgoing.end(body)
      },
      () => res.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
