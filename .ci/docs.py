"""The documentation: every page processed as nbdev does it, links and pictures checked, the site rendered where Quarto is there.
`--check` looks at the pages of an earlier run in _proc alone."""
import ast, html, json, os, re, shutil, subprocess, sys, warnings
from pathlib import Path
from dress import dress, fence, nested_link

ROOT = Path(__file__).resolve().parents[1]
PROC = ROOT/'_proc'
WIDGET = 'application/vnd.jupyter.widget-view+json'
ADVICE = '''Quarto is missing, so the site itself was not rendered; everything else was done.
Quarto is not a Python package. To install it, as root:
    nbdev_install_quarto        (or a package from https://quarto.org/docs/get-started/)'''

def process():
    "Make the pages in _proc, as `nbdev_proc_nbs` does; that would also install Quarto and, on the way, this folder."
    import nbdev.doclinks
    from nbdev.quarto import refresh_quarto_yml
    from nbdev.serve import proc_nbs
    os.environ['PYTHONWARNINGS'] = 'ignore'                   # nbdev's own, of mixed cells: `mixed` names those that matter
    warnings.simplefilter('ignore', FutureWarning)            # of what the modules import
    shutil.rmtree(PROC, ignore_errors=True)
    refresh_quarto_yml()
    nbdev.doclinks._build_modidx()
    proc_nbs(n_workers=2)
    for page in PROC.rglob('*.ipynb'): dress(page)

def render(doc_path):
    "The site in `doc_path`, from the pages in _proc."
    done = subprocess.run(['quarto', 'render', '--no-cache'], cwd=PROC)
    if done.returncode: return done.returncode
    shutil.rmtree(doc_path, ignore_errors=True)
    shutil.move(PROC/doc_path.name, doc_path)
    return 0

def is_mixed(source):
    "Whether code imports and does something else."
    try: nodes = list(ast.walk(ast.parse(re.sub(r'^[%!].*', '', source, flags=re.M))))
    except SyntaxError: return False
    def has(*kinds): return any(isinstance(o, kinds) for o in nodes)
    return has(ast.Import, ast.ImportFrom) and has(ast.Expr, ast.Assign)

def mixed(nb):
    "Cells that import and do something else: nbdev runs them when it makes the pages, without what stands above them."
    for c in nb['cells']:
        source = ''.join(c['source'])
        if c['cell_type'] != 'code' or 'nbdev_export()' in source: continue
        if re.search(r'^#\s*\|\s*(export|hide)', source, re.M) or not is_mixed(source): continue
        yield f'imports and other code in one cell, which is run when the pages are made: {source.splitlines()[0]!r}'

def slug(title):
    "The anchor that Pandoc makes of a heading."
    text = re.sub(r'`|\*|\{[^}]*\}|\[([^\]]*)\]\([^)]*\)', r'\1', title).strip().lower()
    text = re.sub(r'[^\w\s.-]', '', text)
    return re.sub(r'^[^a-z]+', '', re.sub(r'\s+', '-', text))

def texts(nb):
    "What of a page is read as Markdown or HTML."
    prose = []
    for c in nb['cells']:
        source = ''.join(c['source'])
        if c['cell_type'] == 'markdown': prose.append(source)
        for o in c.get('outputs', []):
            shown = [data for kind, data in o.get('data', {}).items() if kind in ('text/html', 'text/markdown')]
            prose += [''.join(data) for data in shown]          # a list of lines, or a string
    return prose

def anchors(nb):
    "Every place in a page that a link can name."
    places = set()
    for text in texts(nb):
        for title in re.findall(r'^#+\s+(.+)$', fence.sub('', text), re.M):
            places |= {slug(title), *re.findall(r'\{#([\w.-]+)', title)}
        places |= set(re.findall(r'''\bid=["']([^"']+)''', text))
    return places

# a picture or a link of Markdown, whose words may hold brackets, with or without a title; and one of HTML
markdown_link = re.compile(r'(!?)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+"[^"]*")?\)')
html_link = re.compile(r'''<(\w+)\b[^>]*?\b(?:src|href)=["']([^"']+)["']''')

def normal(path):
    "A path without `.` and `..`."
    parts = []
    for o in path.split('/'):
        if o == '..' and parts: parts.pop()
        elif o not in ('', '.'): parts.append(o)
    return '/'.join(parts)

class Pages:
    "The processed pages, under the names they will have."
    def __init__(self, folder, base):
        self.folder, self.base = folder, base.rstrip('/')
        self.nbs = {p.relative_to(folder).as_posix(): json.loads(p.read_text()) for p in sorted(folder.rglob('*.ipynb'))}
        self.html = {self.page_name(k, nb): k for k, nb in self.nbs.items()}
        self.anchors = {k: anchors(nb) for k, nb in self.nbs.items()}

    def page_name(self, name, nb):
        front = ''.join(''.join(c['source']) for c in nb['cells'] if c['cell_type'] == 'raw')
        out = re.search(r'^output-file:\s*(\S+)', front, re.M)
        return (Path(name).parent/(out[1] if out else Path(name).with_suffix('.html').name)).as_posix()

    def links(self, nb):
        "(target, is it a picture?) of every link of a page."
        for text in texts(nb):
            plain = re.sub(r'`[^`\n]*`', '', fence.sub('', text))
            for mark, target in markdown_link.findall(plain): yield html.unescape(target), bool(mark)
            for tag, target in html_link.findall(plain):
                yield html.unescape(target), tag in ('img', 'script', 'link', 'iframe')

    def problem(self, name, target, picture):
        "What is wrong with a link, or None."
        if target.startswith('data:') or target.startswith('mailto:'): return None
        if target.startswith(self.base + '/'): page, here = target[len(self.base) + 1:], ''
        elif re.match(r'https?:|//', target): return 'comes from another site' if picture else None
        else: page, here = target, Path(name).parent.as_posix()
        page, _, anchor = page.partition('#')
        target = name if not page else normal((Path(here)/page).as_posix())
        target = self.html.get(target, target)
        if target not in self.nbs: return None if (ROOT/'nbs'/target).is_file() and not anchor else 'leads nowhere'
        if anchor and anchor not in self.anchors[target]: return 'names a place that is not in that page'

    def check(self):
        "(page, message) of all that is wrong."
        for name, nb in self.nbs.items():
            found = *front_problems(nb), *self.link_problems(name, nb), *cell_problems(nb), *wide_problems(nb)
            for message in found: yield name, message

    def link_problems(self, name, nb):
        "What is wrong with links and pictures."
        for target, picture in self.links(nb):
            wrong = self.problem(name, target, picture)
            if wrong: yield f'{"picture" if picture else "link"} {target} {wrong}'
        if any(nested_link.search(text) for text in texts(nb)): yield 'has a link inside a link'
        if any(re.search(r'!\[\s*\]\(', text) for text in texts(nb)): yield 'has a picture without words: ![words](picture)'

def front_problems(nb):
    "What a page lacks at its beginning."
    front = ''.join(''.join(c['source']) for c in nb['cells'] if c['cell_type'] == 'raw')
    for key in 'title', 'description':
        if re.search(rf'^{key}:\s*\S', front, re.M): continue
        yield f'has no {key}: a notebook begins with "# title" and "> description"'

def wide_problems(nb):
    "What of the prose a phone of 390 pixels cannot show in its width: some 40 characters, six columns."
    for c in nb['cells']:
        if c['cell_type'] != 'markdown': continue
        prose = re.sub(r'`[^`\n]*`|\$[^$]*\$|\]\([^)]*\)|\{[^}]*\}|<[^>]*>', ' ', fence.sub('', ''.join(c['source'])))
        for word in re.findall(r'[^\s|\[\]()]{45,}', prose):
            if not word.startswith(('http', '---', ':--')): yield f'has a word that no phone can break: {word[:60]}'
        for row in re.findall(r'^\|(.*)\|\s*$', prose, re.M):
            if row.count('|') > 5: yield f'has a table of {row.count("|") + 1} columns, which a phone cuts: {row[:60]}'; break

def cell_problems(nb):
    "Cells and outputs that a static page cannot show."
    for c in nb['cells']:
        if re.search(r'^```\{?mermaid', ''.join(c['source']), re.M): yield 'has a mermaid block, which needs a browser to be drawn'
        for o in c.get('outputs', []):
            if WIDGET in o.get('data', {}):
                yield 'stores a widget that no kernel answers: run the notebook without a front end, and a figure stands there'
            if o.get('output_type') == 'error': yield f'stores an error: {o.get("ename")}'

def sources():
    "name -> notebook, of all that should be a page."
    paths = {p.relative_to(ROOT/'nbs'): p for p in sorted((ROOT/'nbs').rglob('*.ipynb'))}
    hidden = {k for k in paths if any(o.startswith(('.', '_')) for o in k.parts)}
    return {k.as_posix(): json.loads(p.read_text()) for k, p in paths.items() if k not in hidden}

def is_module(nb): return any(re.search(r'#\|\s*default_exp', ''.join(c['source'])) for c in nb['cells'])

def main():
    if '--check' not in sys.argv: process()
    from nbdev.config import get_config
    cfg = get_config()
    notebooks = sources()
    pages = Pages(PROC, cfg.doc_host.rstrip('/') + '/' + cfg.doc_baseurl.strip('/'))
    problems = [(name, m) for name, nb in notebooks.items() if is_module(nb) for m in mixed(nb)]
    problems += [(name, 'was not processed') for name in sorted(notebooks.keys() - pages.nbs.keys())]
    problems += pages.check()
    n = sum(len(list(pages.links(nb))) for nb in pages.nbs.values())
    for name, message in dict.fromkeys(problems): print(f'{name}: {message}')
    print(f'docs: {len(pages.nbs)} pages, {n} links and pictures,', f'{len(set(problems))} problems' if problems else 'all right')
    if problems: return 1
    if '--check' in sys.argv: return 0
    if not shutil.which('quarto'): return print(ADVICE) or 0
    return render(Path(cfg.doc_path))

if __name__ == '__main__': sys.exit(main())
