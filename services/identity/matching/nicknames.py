"""Short forms of Western given names."""

from __future__ import annotations

from functools import lru_cache

_SHORT_FORMS = """
abigail: abby abbie gail
abraham: abe bram
albert: al bert bertie
alexander: alex alec sandy xander sasha alexandre aleksandr
alexandra: alex sandra lexi sasha
alfred: alf alfie fred
alice: ally allie
amanda: mandy
andrew: andy drew andrea andre
angela: angie
ann: anne anna annie nan nancy hannah
anthony: tony ant
antonia: toni
archibald: archie
arthur: art artie
augustus: gus august
barbara: babs barb barbie
bartholomew: bart
benjamin: ben benny benji
bernard: bernie
bradley: brad
bridget: biddy bridie
calvin: cal
cameron: cam
caroline: carrie carol caro
catherine: cathy kate katie kathy cat kitty katherine kathryn cath
cecilia: cissy celia
charles: charlie chuck chas charley
charlotte: lottie charlie lotte
christina: tina chris chrissy kristina
christine: chris chrissie tina
christopher: chris kit topher
clarence: clarrie
claudia: claudie
cornelius: neil con corny
cynthia: cindy
daniel: dan danny
david: dave davey davy
deborah: deb debbie debra
dennis: denny den
dominic: dom nick
donald: don donny
dorothy: dot dolly dottie dorothea
douglas: doug dougie
edmund: ed eddie ned ted
edward: ed eddie ned ted teddy
edwin: ed eddie win
eleanor: ellie nell nora elinor ella
elizabeth: liz beth betty eliza lizzie betsy bess elsie lisa libby elisabeth lizzy
emily: em emmy emmie millie
emma: em emmie
ernest: ernie
eugene: gene
evelyn: evie eve
florence: flo florrie flossie
frances: fran fanny frankie
francis: frank fran frankie
franklin: frank
frederick: fred freddie freddy frederic
gabriel: gabe
gabrielle: gabby
geoffrey: geoff jeff jeffrey
george: georgie geo
gerald: gerry jerry
gertrude: gertie trudy
gilbert: gil bert
gregory: greg
gwendolen: gwen
harold: harry hal
harriet: hattie harry
helen: nell ellen helena nellie lena
henrietta: etta hettie
henry: harry hank hal
herbert: bert herb bertie
horace: horry
howard: howie
hubert: bert
hugh: hughie huw
humphrey: humph
ignatius: iggy
isaac: ike zak
isabella: bella izzy isabel belle isobel
jacob: jake
jacqueline: jackie
james: jim jimmy jamie jem
jane: jenny janie janet
janet: jan jenny
jason: jay
jean: jeannie
jennifer: jen jenny jenni
jeremiah: jerry jem
jeremy: jerry jez
jessica: jess jessie
joan: joanie
joanna: jo joanne
john: jack johnny jon johnnie
jonathan: jon jonny nathan
joseph: joe joey jo josef
josephine: jo josie
joshua: josh
judith: judy
julia: julie jules
julian: jules
katharine: kate katie kathy kit kitty kay katherine catherine
kenneth: ken kenny
kimberly: kim
lancelot: lance
laurence: larry lawrence laurie lawrie
leonard: len leo lenny
leopold: leo
leslie: les
lewis: lew louis louie
lillian: lily lil lilian
lucille: lucy
louisa: lou louise
lucas: luke
lucinda: lucy cindy
madeleine: maddie madeline
magdalene: maggie lena
margaret: maggie meg peggy madge daisy marge greta margery rita peg
maria: mary marie
martha: marty mattie patty
martin: marty
mary: molly polly may mamie marie minnie
matilda: tilly maud mattie
matthew: matt mat
maximilian: max
maurice: morris moe
maxwell: max
melissa: missy mel
michael: mike mick mickey micky mikey
mildred: millie
miriam: mimi
mohammed: mohammad muhammad mohamed mo
montague: monty
mortimer: mort
nathaniel: nat nathan nate
nicholas: nick nicky nic nicolas
nicola: nicky
norman: norm
oliver: ollie noll olly
oscar: oz
oswald: oz ozzie
pamela: pam
patricia: pat patsy tricia patty trish
patrick: pat paddy rick
paul: paulie
penelope: penny
percival: percy
peter: pete
philip: phil pip phillip
philippa: pippa
prudence: pru
rachel: rae
ralph: rafe
randolph: randy dolph
raymond: ray
rebecca: becky becca
reginald: reg reggie
richard: dick rick rich ricky richie dickie
robert: bob rob bobby robbie bert robin
roderick: rod rory
rodney: rod
roger: rodge
roland: rollo rowland
ronald: ron ronnie
rosemary: rose rosie
rudolph: rudy
russell: russ
samantha: sam
samuel: sam sammy
sarah: sally sadie sara
sebastian: seb
sidney: sid sydney
simon: si
solomon: sol
sophia: sophie
stanley: stan
stephanie: steph
stephen: steve steven stevie
stuart: stu stewart
susan: sue suzy susie susanna suzanne susannah
terence: terry
theodore: ted theo teddy
theresa: tess terry teresa tessa
thomas: tom tommy thos
timothy: tim
tobias: toby
valerie: val
veronica: ronnie vera
victor: vic
victoria: vicky tori vicki
vincent: vince vin
virginia: ginny ginger
vivian: viv
walter: wally walt wat
wilfred: wilf will
wilhelmina: mina billie
william: bill will billy willie liam wm
winifred: winnie freda
winston: win
zachary: zach zak
"""


def _read() -> dict[str, frozenset[str]]:
    formal: dict[str, dict[str, None]] = {}
    for line in _SHORT_FORMS.strip().splitlines():
        name, _, short = line.partition(":")
        for each in (name, *short.split()):
            formal.setdefault(each, {})[name] = None
    return {short: frozenset(names) for short, names in formal.items()}


_FORMAL = _read()


@lru_cache(maxsize=1 << 14)
def formal_names(name: str) -> frozenset[str]:
    """Return the names of which this is a form: itself where it is none."""
    return _FORMAL.get(name, frozenset((name,)))


@lru_cache(maxsize=1 << 14)
def root_name(name: str) -> str:
    """Return one name for all forms: the first of them."""
    return min(formal_names(name))
