import { mountedRoutes } from '../support/http/mounted-routes'
import { TestService } from '../support/http/test-service'

interface Operation {
  summary: string
  security?: object[]
  parameters: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>
}

interface Description {
  openapi: string
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> }
}

describe('/openapi.json', () => {
  let service: TestService
  let description: Description

  beforeAll(async () => {
    service = await TestService.start()
    const answer = await service.call('GET', '/openapi.json').expect(200)
    description = answer.body as Description
  })
  afterAll(() => service.stop())

  const operations = () =>
    Object.entries(description.paths).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(([verb, operation]) => ({ verb, path, operation })),
    )

  test('describes exactly the routes that are mounted, and those of the engines', () => {
    const isEngines = (path: string) => path === '/v2' || path.startsWith('/v2/')
    const mounted = mountedRoutes(service.server).map((route) =>
      route.replace(/[:*](\w+)/g, '{$1}'),
    )
    const isMounted = (verb: string, path: string) =>
      mounted.includes(`${verb.toUpperCase()} ${path}`)
    const described = operations()
      .filter(({ verb, path }) => isMounted(verb, path) || !isEngines(path))
      .map(({ verb, path }) => `${verb.toUpperCase()} ${path}`)
    expect(described.sort()).toEqual(mounted.sort())
    const infer = description.paths['/v2/models/{model}/infer']!.post!
    expect(infer.responses['404']!.content!['application/json']!.schema).toEqual({
      $ref: '#/components/schemas/InferenceError',
    })
  })

  test('has the structure of OpenAPI 3.1', () => {
    expect(description.openapi).toBe('3.1.0')
    expect(description.info).toMatchObject({
      title: 'Gristmill',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    })
    for (const { path, operation } of operations()) {
      const { summary, parameters, responses } = operation
      expect(summary).toMatch(/^[A-Z]/)
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name)).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      )
      expect(inPath.every(({ required }) => required)).toBe(true)
      expect(Object.keys(responses).every((status) => /^[2-5]\d\d$/.test(status))).toBe(true)
      expect(Object.keys(responses).some((status) => status.startsWith('2'))).toBe(true)
    }
  })

  test('refers only to what it contains', () => {
    const references = [...JSON.stringify(description).matchAll(/"\$ref":"([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(0)
    for (const [, reference] of references)
      expect(Object.keys(description.components.schemas)).toContain(
        reference!.replace('#/components/schemas/', ''),
      )
    const schemes = operations().flatMap(({ operation }) =>
      (operation.security ?? []).flatMap((one) => Object.keys(one)),
    )
    expect([...new Set(schemes)]).toEqual(Object.keys(description.components.securitySchemes))
  })

  test('says which body a route takes, and that nothing else may be in it', () => {
    const { requestBody } = description.paths['/v1/sessions']!.post!
    expect(requestBody!.content['application/json']!.schema).toEqual({
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 256 },
        password: { type: 'string', maxLength: 1024 },
      },
      required: ['name', 'password'],
      additionalProperties: false,
    })
  })

  test('says which routes need a token', () => {
    const needing = operations().filter(({ operation }) => operation.security !== undefined)
    const open = operations().filter(({ operation }) => operation.security === undefined)
    // Of a link or a signed URL the address is the secret.
    const isSecret = (path: string) => /^\/[sd]\//.test(path)
    expect(open.filter(({ path }) => isSecret(path))).toHaveLength(8)
    const paths = open.map(({ path }) => path).filter((path) => !isSecret(path))
    expect(paths.sort()).toEqual([
      '/healthz',
      '/openapi.json',
      '/readyz',
      '/v1/sessions',
      '/v2/health/live',
      '/v2/health/ready',
    ])
    for (const { operation } of needing) expect(operation.responses).toHaveProperty('401')
  })
})
