import { defineRoute, type Route } from '../route'

/** What nginx asks before it hands a request to an engine (`auth_request`): whose session is this? */
export function authorizeRoute(): Route {
  return defineRoute(
    {
      method: 'get',
      path: '/internal/authorize',
      summary: 'The account of a session',
      access: 'nginx',
      responses: { 204: { description: 'Valid; the account id is in X-Gristmill-Account.' } },
    },
    ({ caller }) => ({ status: 204, headers: { 'X-Gristmill-Account': caller.accountId } }),
  )
}
