import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express, { Router, type ErrorRequestHandler, type Express } from 'express'
import request, { type Test } from 'supertest'
import { createExpressServer } from '../../webserver/http/express-app'

/** What Express promises, asked of a plain Express and of ours (DESIGN D13). */
const behaviours: Record<string, (server: Server) => Test> = {
  'path parameters': (server) => request(server).get('/params/a%20b/c'),
  'the query': (server) => request(server).get('/query?a=1&b=two&b=three'),
  'a JSON body': (server) =>
    request(server)
      .post('/json')
      .send({ deep: [1, { a: null }] }),
  'a file that is sent': (server) => request(server).get('/file').set('Range', 'bytes=2-4'),
  'an error thrown later': (server) => request(server).get('/throws'),
  'a redirect': (server) => request(server).get('/redirect').redirects(0),
  'a router below': (server) => request(server).get('/nested/deeper/x'),
  'a path that is not there': (server) => request(server).get('/nowhere'),
  'HEAD of a GET': (server) => request(server).head('/query?a=1'),
  'a conditional GET': (server) =>
    request(server).get('/cached').set('If-None-Match', 'W/"6-qvTGHdzF6KLavt4PO0gs2a6pQ00"'),
  'its own methods of request and response': (server) =>
    request(server).get('/own').set('Accept', 'text/html'),
  'a mounted app': (server) => request(server).get('/mounted/here'),
}

describe('Express with prototypes in their classes behaves as Express', () => {
  let directory: string
  let plain: Server
  let ours: Server

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gristmill-express-'))
    await writeFile(join(directory, 'file.txt'), 'a file to send')
    plain = createServer(appWith(directory))
    ours = createExpressServer(appWith(directory), {})
    for (const server of [plain, ours]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }
  })
  afterAll(async () => {
    plain.close()
    ours.close()
    await rm(directory, { recursive: true })
  })

  test.each(Object.entries(behaviours))('in %s', async (_what, ask) => {
    const [expected, got] = [await visible(ask(plain)), await visible(ask(ours))]
    expect(got).toEqual(expected)
  })

  test('the behaviours are not all the same one', async () => {
    const statuses = await Promise.all(
      Object.values(behaviours).map(async (ask) => (await visible(ask(ours))).status),
    )
    expect(statuses).toEqual([200, 200, 200, 206, 500, 302, 200, 404, 200, 304, 200, 200])
  })
})

async function visible(test: Test) {
  const { status, headers, text } = await test
  const { date: _date, ...rest } = headers as Record<string, string>
  return { status, headers: rest, text }
}

function appWith(directory: string): Express {
  const app = express()
  app.get('/params/:one/:two', (req, res) => void res.json(req.params))
  app.get('/query', (req, res) => void res.json(req.query))
  app.post('/json', express.json(), (req, res) => void res.json(req.body))
  app.get('/file', (_req, res) => res.sendFile(join(directory, 'file.txt')))
  app.get('/throws', async () => {
    await Promise.resolve()
    throw new Error('later')
  })
  app.get('/redirect', (_req, res) => res.redirect('/query'))
  app.get(
    '/cached',
    (_req, res) => void res.set('ETag', 'W/"6-qvTGHdzF6KLavt4PO0gs2a6pQ00"').send('cached'),
  )
  app.get('/own', (req, res) => {
    const { ip, protocol, path, originalUrl } = req
    res.cookie('a', 'b').vary('Accept')
    res.json({
      ip,
      protocol,
      path,
      originalUrl,
      accepts: req.accepts('html'),
      same: req.app === app,
    })
  })
  const nested = Router()
  nested.get('/:name', (req, res) => void res.json({ name: req.params.name, base: req.baseUrl }))
  app.use('/nested/deeper', nested)
  const mounted = express()
  mounted.get('/here', (req, res) => void res.json({ same: req.app === mounted, url: req.url }))
  app.use('/mounted', mounted)
  const onError: ErrorRequestHandler = (error: Error, _req, res, _next) =>
    void res.status(500).json({ message: error.message })
  app.use(onError)
  return app
}
