import { pathsOf } from '../../webserver/config/paths'
import { configSchema, type ConfigInput } from '../../webserver/config/schema'
import {
  renderIncludes,
  renderPins,
  unspeakablePath,
  type RenderContext,
} from '../../webserver/nginx/render'

function contextOf(settings: ConfigInput, more: Partial<RenderContext> = {}): RenderContext {
  const config = configSchema.parse(settings)
  const paths = pathsOf(config)
  const rest = { perfDirectory: null, authorizeCache: '/cache', asRoot: false }
  return { config, paths, ...rest, ...more }
}

const filesOf = (...args: Parameters<typeof contextOf>) => renderIncludes(contextOf(...args))

test('every worker and every engine is a server of its upstream', () => {
  const { 'http.conf': http } = filesOf({
    data: { directory: '/d' },
    cluster: { workers: 2, engines: 1 },
  })
  expect(http!.match(/server "unix:[^"]*"/g)).toEqual([
    'server "unix:/d/run/worker-1.sock"',
    'server "unix:/d/run/worker-2.sock"',
    // And once more, by the path of the file.
    'server "unix:/d/run/worker-1.sock"',
    'server "unix:/d/run/worker-2.sock"',
    'server "unix:/d/run/engine-1.sock"',
  ])
})

test('requests for pinned models go to the engines that have them', () => {
  const context = contextOf({ data: { directory: '/d' }, cluster: { engines: 3 } })
  expect(renderPins(context, {})).toEqual({
    'pins.conf': '',
    'infer-pass.conf': 'proxy_pass http://engines;\n',
  })
  const { 'pins.conf': pins, 'infer-pass.conf': pass } = renderPins(context, {
    'a.b': [1, 3],
    c: [2, 9],
  })
  expect(pass).toBe('proxy_pass http://$engines_of_model;\n')
  expect(pins).toContain('"~^/v2/models/a\\.b(?:/|$)" engines_1_3;')
  expect(pins).toContain('"~^/v2/models/c(?:/|$)" engines_2;')
  expect(pins!.match(/server "unix:[^"]*"/g)).toEqual([
    'server "unix:/d/run/engine-1.sock"',
    'server "unix:/d/run/engine-3.sock"',
    'server "unix:/d/run/engine-2.sock"',
  ])
})

test('a token is asked for unless the setting says otherwise', () => {
  expect(filesOf({})['auth.conf']).toContain('auth_request')
  expect(filesOf({ inference: { requireToken: false } })['auth.conf']).toBe('')
})

test('an IPv6 address gets its brackets', () => {
  expect(filesOf({ http: { host: '::1', port: 81 } })['listen.conf']).toContain(
    'listen [::1]:81 default_server;\n',
  )
})

test('contents are read in threads only where the setting asks for it', () => {
  expect(filesOf({})['blobs.conf']).toBe('max_ranges 16;\n')
  const { 'blobs.conf': changed } = filesOf({ files: { rangesMax: 4, readThreads: true } })
  expect(changed).toBe('max_ranges 4;\naio threads;\n')
})

test('the access log follows the perf log', () => {
  expect(filesOf({})['http.conf']).toContain('access_log off;')
  const perfDirectory = '/p/1'
  expect(filesOf({}, { perfDirectory })['http.conf']).toContain(
    'access_log "/p/1/nginx.log" perf buffer=64k flush=1s if=$notable;',
  )
  expect(filesOf({ perf: { level: 'calls' } }, { perfDirectory })['http.conf']).toContain(
    'access_log "/p/1/nginx.log" perf buffer=64k flush=1s;',
  )
})

test('only root names the user of the processes', () => {
  expect(filesOf({})['main.conf']).not.toContain('user')
  expect(filesOf({}, { asRoot: true })['main.conf']).toContain('user root;')
})

test.each(['/a"b', '/a$b', '/a;b', '/a{b', '/a\\b', '/a\nb'])(
  'a path that nginx cannot be told is found: %j',
  (directory) => {
    expect(unspeakablePath(contextOf({ data: { directory } }))).toContain(directory)
  },
)

test('spaces are fine', () => {
  expect(unspeakablePath(contextOf({ data: { directory: '/a b' } }))).toBeNull()
})
