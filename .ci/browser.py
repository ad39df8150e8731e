"""Move the sliders in a real browser: the explorer in JupyterLab and Voila, the page of `to_html` as a file; draw digits.
Run by `make test-browser`."""
import ast, contextlib, csv, json, math, os, shutil, socket, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path

ROOT, BIN = Path(__file__).resolve().parents[1], Path(sys.executable).parent
PYTHON, RESULTS, OUT = ROOT/'.venv/bin/python', ROOT/'nbs/results', ROOT/'out/browser'
NAMES = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
if not CHROMIUM: sys.exit('This test needs Chromium, and there is none on the path. Debian, Ubuntu: apt-get install -y chromium')
if '--has-chromium' in sys.argv: sys.exit()
from playwright.sync_api import expect, sync_playwright

CELLS = [f'''from stimulative.all import *
common, stimulative = read_results('{RESULTS}/cifar100_small.csv').values()
explore(common, stimulative, destruction=read_results('{RESULTS}/destruction_cifar100.csv'))''']
EVIL = '</script><img src=x onerror=alert(1)>'
PAGES = f'''from stimulative.all import *
from stimulative.page import sliders
common, stimulative = read_results('{RESULTS}/cifar100_small.csv').values()
page = sliders(common, stimulative, destruction=read_results('{RESULTS}/destruction_cifar100.csv'))
page.save('page.html')
open('frame.html', 'w').write('<!DOCTYPE html>' + page._repr_html_())
common.name = {EVIL!r}
common.to_html('evil.html', stimulative, title=common.name, note=common.name)'''

def stored(file, key):
    "training -> key -> accuracy in percent, as the widget must show it: read here without the package."
    csv.field_size_limit(10**7)
    with open(RESULTS/file) as f: rows = list(csv.DictReader(f))
    return {t: {key(r): f'{100 * float(r["accuracy"]):.2f}' for r in rows if r['training'] == t} for t in ('common', 'stimulative')}

DEPTHS = stored('cifar100_small.csv', lambda r: ast.literal_eval(r['depths']))
LAYERS = stored('destruction_cifar100.csv', lambda r: (r['kind'], r['layers']))

def make_folder(folder):
    "A notebook, and a kernel of the package's environment for it; nothing of the user's Jupyter is read or written."
    kernel = folder/'data/kernels/stimulative'
    kernel.mkdir(parents=True)
    argv = [str(PYTHON), '-m', 'ipykernel_launcher', '-f', '{connection_file}']
    (kernel/'kernel.json').write_text(json.dumps(dict(argv=argv, display_name='stimulative', language='python')))
    settings = folder/'jupyterlab_settings_dir/@jupyterlab/apputils-extension/notification.jupyterlab-settings'
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(dict(fetchNews='false', checkForUpdates=False)))
    blank = dict(cell_type='code', metadata={}, outputs=[], execution_count=None)
    cells = [dict(blank, id=f'c{i}', source=c) for i, c in enumerate(CELLS)]
    spec = dict(name='stimulative', display_name='stimulative', language='python')
    nb = dict(cells=cells, metadata=dict(kernelspec=spec), nbformat=4, nbformat_minor=5)
    (folder/'explorer.ipynb').write_text(json.dumps(nb))
    names = 'JUPYTER_CONFIG_DIR JUPYTER_RUNTIME_DIR JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR IPYTHONDIR'.split()
    env = {name: str(folder/name.lower()) for name in names}
    env['JUPYTER_DATA_DIR'] = str(folder/'data')
    env['PYTHONPATH'] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')]))
    return {**os.environ, **env, 'OMP_NUM_THREADS': '1', 'PYTHONWARNINGS': 'ignore'}

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]

@contextlib.contextmanager
def served(name, folder, env):
    "The address of a running server of that name."
    port = free_port()
    log = (folder/f'{name}.log').open('w')
    lab = ['jupyter-lab', '--allow-root', '--no-browser', '--IdentityProvider.token=', '--ServerApp.password=',
           '--expose-app-in-browser', f'--ServerApp.port={port}', '--ServerApp.ip=127.0.0.1', '--LabApp.news_url=None',
           f'--ServerApp.root_dir={folder}']
    voila = ['voila', 'explorer.ipynb', '--no-browser', f'--port={port}', '--Voila.ip=127.0.0.1']
    cmd = lab if name == 'lab' else voila
    server = subprocess.Popen([str(BIN/cmd[0]), *cmd[1:]], cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT)
    url = f'http://127.0.0.1:{port}' + ('/lab/tree/explorer.ipynb?reset' if name == 'lab' else '/')
    try:
        for _ in range(240):
            if server.poll() is not None: raise RuntimeError(f'{name} stopped:\n{(folder/f"{name}.log").read_text()[-3000:]}')
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1): break
            time.sleep(.25)
        yield url
    except BaseException:
        print((folder/f'{name}.log').read_text()[-3000:])
        raise
    finally:
        server.terminate()
        try: server.wait(20)
        except subprocess.TimeoutExpired: server.kill()

def run_all(page):
    "Run every cell of the notebook that JupyterLab has opened."
    page.wait_for_selector('.jp-Notebook .jp-Cell', timeout=90_000)
    page.evaluate('''async () => {
        const panel = window.jupyterapp.shell.currentWidget;
        await panel.context.ready; await panel.sessionContext.ready;
        await window.jupyterapp.commands.execute('notebook:run-all-cells');
    }''')

class Seen:
    "What a reader sees and does on a page with the explorer."
    def __init__(self, page, name): self.page, self.name = page, name
    @property
    def facts(self): return self.page.locator('.stimulative-facts:visible')
    def handle(self, stage): return self.page.locator('.noUi-handle').nth(stage - 1)
    def picture(self): return self.page.locator('.widget-image:visible').get_attribute('src')
    def expect_another(self, picture): expect(self.page.locator('.widget-image:visible')).not_to_have_attribute('src', picture)
    def shot(self, what):
        OUT.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=OUT/f'{self.name}-{what}.png')

    def expect_depths(self, *depths):
        "The table says so, with the numbers of the file."
        expect(self.facts).to_contain_text(f'{depths} beside the main network (3, 3, 3)')
        for accuracy in DEPTHS.values():
            for d in (depths, (3, 3, 3)): expect(self.facts).to_contain_text(accuracy[d])

    def drag(self, stage, *places):
        "Drag a slider's handle to places between 0 and 1 of its way, one after the other, without letting go."
        box, at = self.page.locator('.noUi-base').nth(stage - 1).bounding_box(), self.handle(stage).bounding_box()
        self.page.mouse.move(at['x'] + at['width'] / 2, at['y'] + at['height'] / 2)
        self.page.mouse.down()
        for p in places: self.page.mouse.move(box['x'] + p * box['width'], at['y'] + at['height'] / 2, steps=6)
        self.page.mouse.up()

    def choose_depths(self):
        "With the mouse, with the keyboard, and as fast as it goes."
        self.expect_depths(3, 3, 3)
        first = self.picture()
        self.drag(1, 0.); self.expect_depths(1, 3, 3)
        self.expect_another(first)
        self.handle(2).focus()
        self.page.keyboard.press('ArrowLeft'); self.expect_depths(1, 2, 3)
        self.shot('depths')
        for key in ('Tab', 'Tab', 'ArrowLeft', 'ArrowLeft'): self.page.keyboard.press(key)          # past the number beside the slider
        self.expect_depths(1, 2, 1)
        start = time.perf_counter()
        self.drag(3, *[1., 0.] * 20, .5)
        held = time.perf_counter() - start
        self.expect_depths(1, 2, 2)
        late = time.perf_counter() - start - held
        print(f'  {self.name}: 40 times from end to end in {held:.1f} s, right {1e3 * late:.0f} ms after letting go')
        self.handle(1).focus()
        for key in ['ArrowRight', 'ArrowLeft'] * 30 + ['ArrowRight']: self.page.keyboard.press(key)
        self.expect_depths(2, 2, 2)
        self.page.get_by_label('against').select_option('blocks kept')
        self.expect_depths(2, 2, 2)

    def expect_left(self, text, kind, layers):
        "What the table says of a destroyed network."
        expect(self.facts).to_contain_text(text)
        for accuracy in LAYERS.values(): expect(self.facts).to_contain_text(accuracy[kind, str(layers)])

    def destroy(self):
        "Tick off with mouse and keyboard, swap, mend."
        self.page.get_by_role('button', name='destruction').click()
        self.expect_left('0 deleted, 0 swaps', 'delete', ())
        first, layer = self.picture(), lambda i: self.page.get_by_label(str(i), exact=True)
        layer(5).click(); self.expect_left('1 deleted, 0 swaps', 'delete', (5,))
        self.expect_another(first)
        layer(8).focus(); self.page.keyboard.press('Space'); self.expect_left('2 deleted, 0 swaps', 'delete', (5, 8))
        assert not layer(4).is_enabled(), 'the transition layer can be ticked off'
        self.shot('destruction')
        mend = self.page.get_by_role('button', name='mend all')
        mend.click(); self.expect_left('0 deleted, 0 swaps', 'delete', ())
        self.page.get_by_role('button', name='⇄').nth(1).focus(); self.page.keyboard.press('Enter')
        self.expect_left('layers 1, 2, 3, 4, 6, 5, 7, 8, 9: 0 deleted, 1 swap', 'permute', [[1, 2, 3], [4, 6, 5], [7, 8, 9]])
        layer(2).click(); expect(self.facts).to_contain_text('Not among the networks that were tested')
        for i in (2, 5, 6) * 9: layer(i).click()
        self.expect_left('2 deleted, 0 swaps', 'delete', (5, 6))
        mend.click(); self.expect_left('0 deleted, 0 swaps', 'delete', ())
        self.page.get_by_role('button', name='depths').click(); self.expect_depths(2, 2, 2)

class SeenPage:
    "What a reader sees and does on a page of `to_html`."
    def __init__(self, page, name): self.page, self.name = page, name
    def shot(self, what): Seen.shot(self, what)
    def stage(self, n): return self.page.get_by_role('slider', name=f'stage {n}')

    def expect_depths(self, *depths):
        "The table says so, with the numbers of the file."
        facts = self.page.locator('#facts')
        expect(facts).to_contain_text(str(depths))
        for accuracy in DEPTHS.values():
            for d in (depths, (3, 3, 3)): expect(facts).to_contain_text(accuracy[d])

    def choose_depths(self):
        "With the keyboard, with a finger on a point, with the buttons."
        self.expect_depths(3, 3, 3)
        self.stage(1).focus()
        for key in ('ArrowLeft', 'ArrowLeft', 'Tab', 'ArrowLeft'): self.page.keyboard.press(key)
        self.expect_depths(1, 2, 3)
        self.shot('depths')
        point, box = self.page.locator('#depths .plot > polygon').first, self.page.locator('#depths .plot').bounding_box()
        at = point.bounding_box()
        self.page.mouse.click(at['x'] + at['width'] / 2, at['y'] + at['height'] / 2)
        self.expect_depths(1, 1, 1)
        assert box['x'] <= at['x'] <= box['x'] + box['width']
        self.page.get_by_role('button', name='main network').click(); self.expect_depths(3, 3, 3)
        self.page.locator('#axis').select_option('blocks kept')
        self.expect_depths(3, 3, 3)

    def name_a_budget(self):
        "Four blocks: the best of each training among the four smallest networks, as the file has it."
        self.page.get_by_label('at most, as a number').fill('4')
        small = [d for d in DEPTHS['common'] if sum(d) <= 4]
        expect(self.page.locator('#limit-said')).to_contain_text(f'{len(small)} of 27')
        for name, accuracy in DEPTHS.items():
            best = max(small, key=lambda d: float(accuracy[d]))
            row = self.page.locator('#best tr', has_text=name)
            expect(row).to_contain_text(accuracy[best])
            row.get_by_role('button').click(); self.expect_depths(*best)
        self.shot('budget')
        self.page.get_by_role('slider', name='at most').focus()
        self.page.keyboard.press('End'); expect(self.page.locator('#limit-said')).to_contain_text('27 of 27')

    def destroy(self):
        "Untick layers with mouse and keyboard, and mend."
        layer = lambda i: self.page.get_by_label(f'layer {i}', exact=True)
        def expect_left(*layers):
            for accuracy in LAYERS.values(): expect(self.page.locator('#lost')).to_contain_text(accuracy['delete', str(layers)])
        expect_left()
        layer(5).click(); expect_left(5)
        layer(8).focus(); self.page.keyboard.press('Space'); expect_left(5, 8)
        assert not layer(4).is_enabled(), 'the transition layer can be unticked'
        self.shot('destruction')
        self.page.get_by_role('button', name='mend all').click(); expect_left()

def test_pages(browser, folder, env):
    "The page of `to_html` on a desk, on a phone, in a frame, without scripts, and with a script for a name."
    subprocess.run([PYTHON, '-c', PAGES], cwd=folder, env=env, check=True)
    def opened(name, width, **options):
        context = browser.new_context(viewport=dict(width=width, height=844), **options)
        page, errors = context.new_page(), []
        page.on('pageerror', lambda e: errors.append(str(e)))
        page.on('console', lambda m: errors.append(m.text))
        page.on('dialog', lambda d: errors.append(d.message) or d.dismiss())
        page.on('request', lambda r: r.url.startswith(('file:', 'data:', 'about:')) or errors.append(f'loads {r.url}'))
        page.goto(f'file://{folder}/{name}.html')
        return page, errors
    for width in 1280, 390:
        page, errors = opened('page', width, has_touch=width == 390)
        seen = SeenPage(page, f'page-{width}')
        try:
            seen.choose_depths(); seen.name_a_budget(); seen.destroy()
            wide = page.evaluate('document.documentElement.scrollWidth')
            assert wide <= width, f'{wide} pixels wide on a screen of {width}'
            assert not errors, errors
        except BaseException: seen.shot('failed'); raise
        page.close()
    page, errors = opened('frame', 800)
    frame = page.frame_locator('iframe')
    frame.get_by_role('slider', name='stage 1').press('ArrowLeft')
    expect(frame.locator('#facts')).to_contain_text('(2, 3, 3)')
    height, inside = page.locator('iframe').bounding_box()['height'], frame.locator('body').bounding_box()['height']
    assert abs(height - inside) < 3 and not errors, (height, inside, errors)
    page, errors = opened('evil', 390)
    expect(page.locator('#facts')).to_contain_text(EVIL); expect(page.locator('h1')).to_have_text(EVIL)
    assert not errors, errors
    page, errors = opened('page', 390, java_script_enabled=False)
    expect(page.locator('noscript img').first).to_be_visible()
    page.screenshot(path=OUT/'page-no-script.png')
    print('browser page: ok')

def draw(page, *strokes):
    "Draw lines on the pad, through places between 0 and 1."
    box = page.locator('#pad').bounding_box()
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            page.mouse.move(box['x'] + x * box['width'], box['y'] + y * box['height'], steps=4)
            if not i: page.mouse.down()
        page.mouse.up()

LOGITS = '''() => Math.max(...networks.flatMap(net => data.examples.slice(0, 3).flatMap((counts, i) =>
    Object.entries(allLogits(net, enlarged(counts))).flatMap(([depths, z]) =>
        z.map((v, j) => Math.abs(v - data.check[net.name][depths][i][j]))))))'''

def draw_with_finger(page, stroke):
    "As `draw`, one line, on a touch screen."
    box, finger = page.locator('#pad').bounding_box(), page.context.new_cdp_session(page)
    at = [[dict(x=box['x'] + x * box['width'], y=box['y'] + y * box['height'])] for x, y in stroke]
    for kind, points in [('touchStart', at[0]), *[('touchMove', o) for o in at[1:]], ('touchEnd', [])]:
        finger.send('Input.dispatchTouchEvent', dict(type=kind, touchPoints=points))

def test_drawing(browser):
    "The page computes what torch computes, and reads what is drawn with the mouse."
    page, errors, asked = browser.new_page(viewport=dict(width=1000, height=800)), [], []
    page.on('pageerror', lambda e: errors.append(str(e)))
    page.on('request', lambda r: asked.append(r.url))
    page.goto((ROOT/'nbs/howto/digit_pad.html').as_uri())
    worst = page.evaluate(LOGITS)
    assert worst < 1e-4, f'logits differ from those of torch by {worst}'
    said, tiles = page.locator('.stimulative .said'), page.locator('.network .tile')
    expect(tiles).to_have_count(54)
    for digit in range(3):
        page.get_by_role('button', name=str(digit), exact=True).click()
        expect(said).to_contain_text(f'says {digit} ')
    round_ = [(.5 + .2 * math.sin(a / 8 * math.pi), .5 - .35 * math.cos(a / 8 * math.pi)) for a in range(17)]
    for digit, strokes in {0: [round_], 1: [[(.5, .12), (.5, .88)]], 7: [[(.25, .15), (.75, .15), (.45, .88)]]}.items():
        page.locator('#clear').click()
        expect(page.locator('.tile.same')).to_have_count(0)
        draw(page, *strokes)
        expect(said).to_contain_text(f'says {digit} ')
        for name in 'common', 'stimulative':
            same = page.locator(f'.{name} .tile.same').count()
            assert page.locator(f'.{name} .said').inner_text().endswith(f', {same} of 27 agree')
        OUT.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=OUT/f'draw-{digit}.png')
    assert not errors, errors
    assert len(asked) == 1, asked
    page.close()
    phone = browser.new_page(viewport=dict(width=390, height=800), has_touch=True, is_mobile=True)
    phone.goto((ROOT/'nbs/howto/digit_pad.html').as_uri())
    draw_with_finger(phone, [(.5, .12 + .76 * i / 8) for i in range(9)])
    expect(phone.locator('.stimulative .said')).to_contain_text('says 1 ')
    wide = phone.evaluate('document.documentElement.scrollWidth')
    assert wide <= 390, f'the page is {wide} pixels wide on a phone of 390'
    phone.screenshot(path=OUT/'draw-phone.png', full_page=True)
    phone.close()
    print(f'browser draw: ok, logits differ from those of torch by at most {worst:.0e}')

def main():
    expect.set_options(timeout=15_000)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp, sync_playwright() as p:
        folder = Path(tmp)
        env = make_folder(folder)
        browser = p.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox', '--disable-dev-shm-usage'])
        print('Chromium', browser.version)
        test_pages(browser, folder, env)
        test_drawing(browser)
        for name in 'lab', 'voila':
            with served(name, folder, env) as url:
                page, errors = browser.new_page(viewport=dict(width=1280, height=900)), []
                page.on('pageerror', lambda e: errors.append(str(e)))
                page.goto(url, timeout=120_000)
                if name == 'lab': run_all(page)
                seen = Seen(page, name)
                try:
                    expect(seen.facts).to_be_visible(timeout=120_000)
                    seen.choose_depths(); seen.destroy()
                    said = page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"]').all_text_contents()
                    assert not said, said
                    assert not errors, errors
                except BaseException: seen.shot('failed'); raise
                page.close()
            print(f'browser {name}: ok')
        browser.close()

if __name__ == '__main__': main()
