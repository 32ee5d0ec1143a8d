/** How a content is handed to a browser: by its type alone, since its bytes and its name are anybody's. */
export interface Presentation {
  inline: boolean
  contentType: string
  policy: string
}

// With an origin of its own, which may do nothing.
const sealed = "sandbox; default-src 'none'"

// Of what runs, styles or restructures a page: HTML and XML of every kind, scripts, style sheets, Flash, and bodies whose
// parts have types of their own. None of them is ever named as such: a page of ours could otherwise be made to load it.
const active =
  /html|[/+]xml(?:-|$)|[/.-]xsl|svg|(?:java|ecma|live|j)script|css|flash|x-component|^(?:multipart|message)\//

// Encodings of the web (WHATWG Encoding §4.2) in which ASCII stays ASCII.
const plainCharset =
  /;[\t ]*charset="?(utf-8|us-ascii|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|gbk|gb18030|big5|euc-jp|euc-kr|shift_jis)"?[\t ]*(?:;|$)/i

/** What browsers show rather than save: types, or all of a kind as `audio/*`. */
export class InlineTypes {
  private readonly types: ReadonlySet<string>

  /** @param list separated by commas; what can run is never shown, whatever the list says. */
  constructor(list: string) {
    this.types = new Set(list.split(',').map((type) => type.trim().toLowerCase()))
  }

  presentationOf(contentType: string, asAttachment: boolean): Presentation {
    const type = essenceOf(contentType)
    if (active.test(type))
      return { inline: false, contentType: 'application/octet-stream', policy: sealed }
    if (asAttachment || !this.has(type)) return { inline: false, contentType, policy: sealed }
    return { inline: true, contentType: shownTypeOf(type, contentType), policy: policyOf(type) }
  }

  private has(type: string): boolean {
    return this.types.has(type) || this.types.has(`${type.slice(0, type.indexOf('/'))}/*`)
  }
}

/** Parameters are anybody's too: of those only a known charset is repeated, and a text without one is UTF-8. */
function shownTypeOf(type: string, contentType: string): string {
  if (!type.startsWith('text/')) return type
  const [, charset = 'utf-8'] = plainCharset.exec(contentType) ?? []
  return `${type}; charset=${charset.toLowerCase()}`
}

/**
 * A player is a page of the browser's own that loads the content a second time: in a sandbox, whose origin is nobody's, it
 * may not. Nothing in sound or film can run.
 */
function policyOf(type: string): string {
  const style = "style-src 'unsafe-inline'"
  if (/^(?:audio|video)\//.test(type)) return `default-src 'none'; media-src 'self'; ${style}`
  return `${sealed}; ${style}`
}

function essenceOf(contentType: string): string {
  return contentType.split(';', 1)[0]!.trim().toLowerCase()
}
