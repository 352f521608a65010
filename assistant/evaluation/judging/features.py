import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.answering.sentences import sentences
from assistant.evaluation.judging.claims import clauses
from assistant.evaluation.judging.reading import Floats, Text
from assistant.evaluation.judging.wording import Word, claims_something

RUN = 4

@dataclass(frozen=True)
class Cited:
    """All that a statement cites, joined."""
    texts: tuple[Text, ...]
    words: tuple[Word, ...]
    vectors: Floats
    sentence: np.ndarray   # number of the sentence of each word
    sentences: tuple[str, ...]
    vec: Floats  # sentence vectors
    quantities: tuple  # (quantity, sentence)
    stems: frozenset
    grams: frozenset


def cited(texts: Sequence[Text]) -> Cited:
    words, vectors, number, sents, quants, vec = [], [], [], [], [], []
    for text in texts:
        for s in sentences(text.text):
            rows = [i for i, w in enumerate(text.words) if s.start <= w.start < s.end]
            if not rows: continue
            words += [text.words[i] for i in rows]
            v = text.vectors[rows].astype(np.float64)
            vectors.append(v)
            m = v.mean(axis=0); vec.append(m/np.linalg.norm(m))
            number += [len(sents)]*len(rows)
            quants += [(q, len(sents)) for q in text.quantities if s.start <= q.start < s.end]
            sents.append(s.text)
    st=[w.stem for w in words]
    return Cited(tuple(texts), tuple(words), np.concatenate(vectors), np.array(number), tuple(sents), np.stack(vec), tuple(quants),
        frozenset(st), frozenset(zip(*(st[k:] for k in range(RUN)))))

FILLER = re.compile(r"\b(important to note|worth noting|note that|keep in mind|remember|overall|in conclusion|in summary|therefore|it is recommended|recommended|consult|depending on|may vary|can vary|for example|additionally|however)\b", re.I)
META = re.compile(r"\b(passages?|mentioned|provided|unable|cannot (?:be )?(?:determin|answer)|given text|context|based on)\b", re.I)

def claim_features(statement: Text, start, end, source: Cited, question: Text|None, position=0.0) -> dict:
    rows=[i for i,w in enumerate(statement.words) if start<=w.start<end]
    ws=[statement.words[i] for i in rows]
    f={}
    n=len(rows)
    if not n: return {}
    f['claims']=claims_something(statement.text[start:end])
    V=statement.vectors[rows].astype(np.float64)
    C=V@source.vectors.T  # n x m
    S=len(source.sentences)
    starts=np.searchsorted(source.sentence,np.arange(S))
    by=np.maximum.reduceat(C,starts,axis=1)  # n x S
    # verbatim runs
    all_st=[w.stem for w in statement.words]
    run=np.zeros(len(all_st),bool)
    for i in range(len(all_st)-RUN+1):
        if tuple(all_st[i:i+RUN]) in source.grams: run[i:i+RUN]=True
    run=run[rows]
    best=by.max(axis=1)
    best=np.where(run,1.0,best)
    weight=np.array([statement.rarity[i]*(1.0 if w.content or w.name else 0.3 if not w.text[0].isdigit() else 0.8) for i,w in zip(rows,ws)])+1e-6
    W=weight/weight.sum()
    lit=np.array([w.stem in source.stems for w in ws])
    asked=set(w.stem for w in question.words) if question else set()
    inq=np.array([w.stem in asked for w in ws])
    content=np.array([w.content or w.name for w in ws])
    gap=np.clip(1-best,0,1)
    f['gap_mean']=float(W@gap)
    f['gap_sum']=float(weight@gap)
    k=np.sort(gap[content])[::-1] if content.any() else np.zeros(1)
    f['gap_top3']=float(k[:3].mean()); f['gap_max']=float(k[0])
    f['weak_share']=float(W@(gap>0.5)); f['weak_sum']=float(weight@(gap>0.5))
    f['weak4_sum']=float(weight@(gap>0.4))
    miss=content&~lit&~inq&~run
    f['missing_share']=float(W@miss); f['missing_sum']=float(weight@miss); f['missing_count']=float(miss.sum())
    f['missing_gap']=float((weight*gap)@miss)
    f['missing_max']=float((weight*gap*miss).max())
    f['miss_all']=float(W@(content&~lit))
    # window-restricted
    late=W@np.where(run[:,None],np.maximum(by,0),by)
    b=int(late.argmax())
    pair=np.maximum(by,by[:,[b]]); second=int((W@pair).argmax())
    f['late_gap']=1-float(late[b]); f['pair_gap']=1-float(W@pair[:,second])
    f['any_gap']=1-float(W@by.max(axis=1))
    window={source.words[j].stem for j in np.flatnonzero(np.isin(source.sentence,[b,second]))}
    inw=np.array([w.stem in window for w in ws])
    f['outside_share']=float(W@(content&~inw&~inq)); f['outside_sum']=float(weight@(content&~inw&~inq))
    c=V.mean(axis=0); c/=np.linalg.norm(c)
    f['cosine_gap']=1-float((source.vec@c).max())
    # bigrams
    cs=[w.stem for w in ws if w.content or w.text[0].isdigit()]
    sc=[w.stem for w in source.words if w.content or w.text[0].isdigit()]
    sb=set(zip(sc,sc[1:]))
    cb=list(zip(cs,cs[1:]))
    f['bigram_missing']=float(np.mean([x not in sb for x in cb])) if cb else 0.0
    f['bigram_missing_sum']=float(np.sum([x not in sb for x in cb])) if cb else 0.0
    f['run_missing']=float(1-run.mean())
    # numbers
    qs=[q for q in statement.quantities if start<=q.start<end and q.exact]
    known=[q for q,_ in source.quantities]
    qk=list(question.quantities) if question else []
    f['number_missing']=float(sum(not any(q.same_value(o) for o in known+qk) for q in qs))
    f['unit_mismatch']=float(sum(any(q.same_value(o) for o in known) and not any(q.same_value(o) and (q.unit==o.unit) for o in known) for q in qs))
    f['numbers']=float(len(qs))
    # names
    f['name_missing']=float(sum(w.name and w.stem not in source.stems and w.stem not in asked for w in ws))
    # negation
    bw=[source.words[j] for j in np.flatnonzero(source.sentence==b)]
    f['denial_mismatch']=float(any(w.denies for w in ws)!=any(w.denies for w in bw))
    f['denial_added']=float(any(w.denies for w in ws) and not any(w.denies for w in bw))
    cd={w.direction for w in ws}-{0}; bd={w.direction for w in bw}-{0}
    f['direction_mismatch']=float(bool(cd-bd) and bool(bd))
    t=statement.text[start:end]
    f['filler']=float(bool(FILLER.search(statement.text))); f['meta']=float(bool(META.search(t)))
    f['length']=float(np.log(n)); f['n']=n
    f['statement_length']=float(np.log(len(statement.words)))
    f['position']=position
    f['position_gap']=position*f['gap_mean']
    f['verbatim']=float(run.all())
    return f
