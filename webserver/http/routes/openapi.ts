import { z } from 'zod'
import { openapiOf } from '../openapi'
import { defineRoute, type Route, type RouteStatement } from '../route'

/**
 * @param elsewhere what others serve under the same address.
 * @returns the routes and one more, which describes them all, itself included.
 */
export function withOpenapi(
  routes: readonly Route[],
  elsewhere: readonly RouteStatement[],
  version: string,
): Route[] {
  const describe = defineRoute(
    {
      method: 'get',
      path: '/openapi.json',
      summary: 'This description',
      access: 'public',
      responses: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({}) } },
    },
    () => ({ status: 200, body: description }),
  )
  const all = [...routes, describe]
  const description = openapiOf([...all.map(({ statement }) => statement), ...elsewhere], version)
  return all
}
