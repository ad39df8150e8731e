"Run the installed wheel with the newest of everything: the core without fastai, two batches, the evaluation, the console script."
import json, subprocess, sys
from importlib.metadata import version
from pathlib import Path

CORE = 'unravel subnets recalibrate divergence step loafing destroying families models densenets theory cost anytime'.split()
code = """import sys, importlib
sys.modules.update(fastai=None, fastcore=None)  # importing either now fails
for o in sys.argv[1:]: importlib.import_module(f'stimulative.{o}')"""
subprocess.run([sys.executable, '-c', code, *CORE], check=True)
print('core without fastai:', *CORE)

import stimulative
from fastai.vision.all import *
from stimulative.all import *

where = stimulative.__file__
assert Path(where).is_relative_to(sys.prefix), f'the tree was imported, not the wheel: {where}'
names = 'torch torchvision fastai fastcore stimulative'.split()
print('python', sys.version.split()[0], *[f'{o} {version(o)}' for o in names])

class TwoBatches(Callback):
    def after_batch(self):
        if self.iter == 1: raise CancelFitException

dls, model = digits_dls(bs=64), digits_resnet()
learn = Learner(dls, model, loss_func=CrossEntropyLossFlat(), metrics=accuracy)
before = {k: v.clone() for k, v in learn.model.state_dict().items()}
cb = StimulativeCallback(lam=1)
with learn.no_bar(): learn.fit(1, 0.1, cbs=[cb, TwoBatches()])
after = learn.model.state_dict()
assert learn.iter == 1 and len(cb.depths) == 3 and before.keys() == after.keys()
assert any(not torch.equal(before[k], after[k]) for k in before), 'two batches changed no weight'
assert all(o.isfinite().all() for o in after.values()), 'training left values that are not finite'

interp = LoafingInterpretation.from_learner(learn)
missing = {'depths', 'accuracy', 'n_params', 'flops'} - set(interp.results.columns)
assert not missing and len(interp.results) == 27, f'{len(interp.results)} rows, columns missing: {missing}'
print(interp.summary())
print(f'newest: {len(interp.results)} sub-networks evaluated')

# the console script as users have it: a run, then the same from the results
words = [str(Path(sys.executable).parent/'stimulative'), 'train', '--epochs', '1', '--out', 'results', '--json']
def last_line(): return subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
first, again = (json.loads(last_line()) for _ in range(2))
assert first == again and len(first['subnets']) == 27
print('console script: one epoch,', first['summary']['last top-1 (%)'], '%, stored')
