"""What nbdev and Quarto leave undone in a processed page: parameters stand in a table, tests and helpers are folded,
pictures have words, names are linked where they belong. Used by docs.py."""
import ast, builtins, html, importlib, inspect, json, operator, re, textwrap

fence = re.compile(r'^```.*?^```', re.M | re.S)
link = re.compile(r'\[`([^`]+)`\]\(https?://[^)]+\)')
# a link whose words hold links
nested_link = re.compile(r'\[((?:[^\[\]\n]*\[`[^`\n]+`\]\(https?://[^)\s]+\))+[^\[\]\n]*)\]\(([^)\s]+)\)')
# a name of the console script's own module stands in prose for something else: an argument, a folder, another function
console_link = re.compile(r'\[`(\w+)`\]\(https?://[^)\s]*/cli\.html#\1\)')

def dress(page):
    "Change a page in its place."
    nb = json.loads(page.read_text())
    before = ''
    for c in nb['cells']:
        source = ''.join(c['source'])
        if c['cell_type'] == 'markdown': c['source'] = before = unlinked(source)
        if c['cell_type'] != 'code': continue
        for out in (o['data'] for o in c.get('outputs', []) if 'text/markdown' in o.get('data', {})):
            out['text/markdown'] = tabulated(source, ''.join(out['text/markdown']))
        fold = folded(source, c, is_howto=page.parent.name == 'howto')
        c['source'] = '\n'.join([*fold, *picture_words(source, c, before), source])
    text = json.dumps(nb, indent=1, ensure_ascii=False)
    if page.stem != '90_cli': text = console_link.sub(r'`\1`', text)
    page.write_text(text)

def unlinked(prose):
    "Prose without nbdev's links where none can stand: inside another link, and in a heading."
    def plain(text): return link.sub(r'`\1`', text)
    prose = nested_link.sub(lambda m: f'[{plain(m[1])}]({m[2]})', prose)
    return re.sub(r'^#+ .*$', lambda m: plain(m[0]), prose, flags=re.M)

# ---- parameters ----
def tabulated(source, text):
    "The text of a `show_doc` cell with a short signature, and a table of the comments that nbdev leaves in the signature."
    text = fence.sub(lambda m: link.sub(r'\1', m[0]), text)            # in code a link would stand as brackets and address
    symbol = shown_symbol(source, text)
    table = parameters(symbol) if symbol is not None else ''
    if not table: return text
    return fence.sub(lambda m: signature(symbol), text, count=1) + '\n\n' + table

def shown_symbol(source, text):
    "What a `show_doc` cell is about; its module stands in the link to the source. None if it cannot be found."
    name, module = re.search(r'^show_doc\(([\w.]+)', source, re.M), re.search(r'/(\w+)\.py#L', text)
    if not name or not module: return None
    try: return operator.attrgetter(name[1])(importlib.import_module(f'stimulative.{module[1]}'))
    except (AttributeError, ImportError): return None

def arguments(symbol):
    "(name, name as it is typed, default as it is typed) of each argument."
    for name, p in inspect.signature(symbol).parameters.items():
        if name in ('self', 'cls'): continue
        star = {p.VAR_POSITIONAL: '*', p.VAR_KEYWORD: '**'}.get(p.kind, '')
        yield name, star + name, '' if p.default is p.empty else getattr(p.default, '__name__', repr(p.default))

def signature(symbol):
    "A call with all arguments, as code."
    name = symbol.__name__
    said = ', '.join(typed + (f'={default}' if default else '') for _, typed, default in arguments(symbol))
    lines = textwrap.fill(f'{name}({said})', 84, subsequent_indent=' ' * (len(name) + 1),
                          break_long_words=False, break_on_hyphens=False)
    return f'```python\n{lines}\n```'

def there(o): return o is not None and o is not inspect.Parameter.empty

def type_words(anno):
    "An annotation in small letters, on a line of its own."
    if not there(anno): return ''
    said = anno if isinstance(anno, str) else inspect.formatannotation(anno)
    said = said.strip('\'"').replace('typing.', '').replace('collections.abc.', '').replace('stimulative.', '')
    return f'<br><span class="type">{html.escape(said).replace("|", "&#124;")}</span>'

def parameters(symbol):
    "A Markdown table of arguments, defaults and what they are; nothing where no argument has a comment."
    from fastcore.docments import docments
    from nbdev.doclinks import NbdevLookup
    try: docs, args = docments(symbol, full=True, args_kwargs=True), list(arguments(symbol))
    except (TypeError, ValueError, OSError): return ''                 # without a signature, as exceptions are
    linked, doc = NbdevLookup().link_line, lambda name: docs.get(name) or {}
    names = [*(name for name, _, _ in args), 'return']
    if not any(there(doc(name).get('docment')) for name in names): return ''
    def code(o): return f'`{o}`'.replace('|', r'\|') if o else ''
    def row(first, name, default=''):
        comment = doc(name).get('docment')
        said = linked(' '.join(comment.split()).replace('|', r'\|')) if there(comment) else ''
        return f'| {first}{type_words(doc(name).get("anno"))} | {code(default)} | {said} |'
    rows = [row(code(typed), name, default) for name, typed, default in args]
    if there(doc('return').get('docment')): rows.append(row('*returns*', 'return'))
    # the dashes say how wide the columns are, in parts of the page
    return '\n'.join(['::: {.parameters}', '', '| argument | default | |', f'|:{"-" * 26}|:{"-" * 13}|:{"-" * 51}|', *rows, '', ':::'])

# ---- cells ----
def definitions(nodes):
    "What cells of functions and names alone define, with the first line of each docstring; None for other cells."
    made = [o for o in nodes if isinstance(o, (ast.FunctionDef, ast.ClassDef))]
    if not made or not all(o in made or isinstance(o, ast.Assign) for o in nodes): return None
    docs = [(o.name, (ast.get_docstring(o) or '').split('\n')[0].rstrip('.')) for o in made]
    return 'Helper: ' + '; '.join(f'{name}, {doc[:1].lower()}{doc[1:]}' if doc else name for name, doc in docs)

def tested(nodes):
    "The functions that a test calls, at most three, as words; nothing where all are methods or Python's own."
    calls = [o.func.id for node in nodes for o in ast.walk(node) if isinstance(o, ast.Call) and isinstance(o.func, ast.Name)]
    helpers = {'refuses', 'untouched', 'Path', 'partial', 'deepcopy', 'set_seed', *(o.name for o in nodes if hasattr(o, 'name'))}
    own = [o for o in calls if o not in helpers and not hasattr(builtins, o) and not o.startswith('test_')]
    return ' of ' + ', '.join(list(dict.fromkeys(own))[:3]) if own else ''

def folded(source, cell, is_howto):
    "The options that fold what shows nothing (helpers, tests) or is very long under one line; a cell's own options come first."
    lines = [o for o in source.splitlines() if o.strip()]
    if len(lines) < 4 or 'show_doc(' in source or re.search(r'^#\s*\|\s*(code-fold|echo)', source, re.M): return []
    try: nodes = ast.parse(re.sub(r'^[%!].*', '', source, flags=re.M)).body
    except SyntaxError: return []
    own_words = lines[0].lstrip('# ') if lines[0].startswith('# ') else ''
    is_test = not cell['outputs'] and re.search(r'^\s*(test_\w+\(|assert |with refuses)', source, re.M)
    said = definitions(nodes)
    if re.search(r'^if .*not .*exists\(\)', source, re.M) and 'write' in source: said = 'How the stored record is made'
    if not said and is_test: said = own_words or f'Test{tested(nodes)}, {len(lines)} lines'
    if not said and len(lines) > 20 and not is_howto: said = own_words or f'Code, {len(lines)} lines'
    if not said: return []
    return ['#| code-fold: true', f'#| code-summary: {json.dumps(said, ensure_ascii=False)}']

def picture_words(source, cell, before):
    "The option that says in words what a cell's pictures show: what their maker said, else title and the prose above."
    shown = [o for o in cell.get('outputs', []) if 'image/png' in o.get('data', {}) and 'text/html' not in o['data']]
    if not shown or re.search(r'^#\s*\|\s*fig-(alt|cap)', source, re.M): return []
    prose = [o.strip() for o in before.split('\n\n') if o.strip() and not o.startswith(('```', '|', '> '))]
    said = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', prose[-1] if prose else '')
    title = re.search(r'''(?:set_title\(|title=)f?(['"])(.+?)\1''', source)
    sentences = [re.sub(r'[`*$\\]|^#+ ', '', said)]
    if title and '{' not in title[2]: sentences.insert(0, title[2])
    said = textwrap.shorten('. '.join(filter(None, sentences)) or 'figure', 240, placeholder=' ...')
    words = [o.get('metadata', {}).get('image/png', {}).get('alt') or said for o in shown]
    return [f'#| fig-alt: {json.dumps(words if len(words) > 1 else words[0], ensure_ascii=False)}']
