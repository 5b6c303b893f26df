//! Stop words of each language, in lower case. For a language without a list, the frequency of a
//! term in the corpus serves instead.

pub(super) const ENGLISH: &str = "a about am an and any are as at be been but by can could d did do does \
    for from had has have he her him his how i if in into is it its ll m me my of on or our please re s \
    she should so some t tell than that the their them then there these they this those to us ve was we \
    were what when where which who whom whose why will with would you your";

pub(super) const GERMAN: &str = "aber alle als also am an auch auf aus bei beim bin bis bitte da damit \
    das dass dein dem den denn der des die dies diese diesem diesen dieser dieses doch du durch ein eine \
    einem einen einer eines er es etwas euch für gibt hab habe haben hat ich ihm ihn ihr ihre im in ins \
    ist ja kann kannst können könnte man mein mich mir mit muss nach nicht noch nur ob oder ohne sehr \
    sein seine sich sie sind so soll sollte über um und uns unser vom von vor wann war waren warum was \
    welche welchem welchen welcher welches wem wen wenn wer werden wie wieso wieviel will wir wird wo \
    woher wohin wurde wurden zu zum zur";

pub(super) const FRENCH: &str = "à ai as au aussi aux avec avez avons c ce ces cet cette combien comme \
    comment d dans de des donc dont du elle elles en es est et être eu faire fait faut il ils j je l la \
    le les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on ont ou où par pas peut peuvent \
    plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa se ses si son sont sur t ta \
    te tes ton tu un une vos votre vous y";

pub(super) const SPANISH: &str = "a al algo como cómo con cuál cuáles cualquier cuando cuándo cuánta \
    cuántas cuánto cuántos de del donde dónde dos e el él ella ellas ellos en era es esa ese eso esta \
    está están este esto fue fueron ha hacer hay he la las le les lo los más me mi mis muy no nos o para \
    pero por porque puede pueden puedo que qué quien quién quiénes se ser si sí sin sobre son su sus \
    también te tiene tienen tu tus un una uno unos y ya yo";

pub(super) const ITALIAN: &str = "a ad agli ai al alla alle allo anche c che chi ci cl come con cosa cui \
    d da dagli dai dal dalla dalle degli dei del della delle dello di dove e è ed era essere gli ha hanno \
    ho i il in io l la le lei li lo loro lui ma mi mia mio ne nel nella nelle nello noi non o per perché \
    più può quale quali quando quanta quante quanti quanto quel quella questa questo qui s se si sia \
    sono su sua sue sugli sui sul sulla suo suoi tra tu un una uno vi";

pub(super) const PORTUGUESE: &str = "a ao aos as às até com como da das de dela dele do dos e é ela elas \
    ele eles em entre era essa esse esta está este eu foi foram há isso isto já mais mas me meu minha na \
    nas não nem no nos nós num numa o onde os ou para pela pelas pelo pelos pode podem por porque porquê \
    qual quais quando quanta quantas quanto quantos que quê quem são se sem ser seu seus só sua suas \
    também te tem têm ter um uma você";

pub(super) const DUTCH: &str = "aan al als bij ben bent daar dan dat de der deze die dit doe door dus een \
    en er ge geen had heb hebben heeft hem het hier hij hoe hoeveel hun ik in is je kan kun kunnen maar \
    me men met mij mijn moet na naar niet nog nu of om onder ons ook op over te tot u uit uw van voor \
    waar waarom wanneer waren was wat we wel welk welke werd wie wij word worden wordt ze zich zij zijn \
    zo zou";

pub(super) const SWEDISH: &str = "alla är att av blev bli blir de dem den denna det detta dig din du där \
    efter eller en ett finns för från ha hade han har hon hur här i ingen inte jag kan kunde man med mig \
    min mycket när något och om oss på sig sin ska som så till under upp ut vad var vara varför vem vi \
    vid vilka vilken vilket än";

pub(super) const DANISH: &str = "af alle at blev blive bliver da de dem den denne der deres det dette dig \
    din du eller en er et for fra få får han har havde hun hvad hvem hvilke hvilken hvilket hvis hvor \
    hvordan hvorfor hvornår i ikke ind jeg kan man med meget mig min noget når og om op os på sig sin \
    skal som så til ud under var ved vi vil være";

pub(super) const NORWEGIAN: &str = "alle at av ble bli blir da de dem den denne der deres det dette deg \
    din du eller en er et for fra få får han har hadde hun hva hvem hvilke hvilken hvilket hvis hvor \
    hvordan hvorfor i ikke inn jeg kan man med meg min mye noe når og om opp oss på seg sin skal som så \
    til ut under var ved vi vil være";

pub(super) const POLISH: &str = "a aby ale albo bez być był była było były ci co czy dla do gdy gdzie go \
    i ich ile im ja jak jaka jaki jakie jakim jako jest jestem już kiedy kto która które który których \
    lub ma mają mi mnie może można mój na nad nam nas nie nie o od oraz po pod przez przy są się ta tak \
    także tam te tego tej ten to tu tym w we więc z za ze że";

pub(super) const RUSSIAN: &str = "а без бы был была были было быть в вам вас весь во вот все всего вы где \
    да для до его ее если есть еще же за и из или им их к как какая какие каким каких какой какого ко \
    когда кого кто ли мне может можно мой мы на над надо нам нас не него нет ни них но о об он она они \
    оно от откуда по под почему при с сколько со так также такой там те тем то того тоже той только том \
    ты у уже чего чем что чтобы это этого этой этом этот эти я";

pub(super) const UKRAINIAN: &str = "а або але без був була були було бути в ви від вона вони воно все до \
    для де є за з і із її їх й його коли кого ким ми може можна на над не нема ні ну о он по про при \
    скільки та так також там те то тобто тому у хто це цей ця чи чому чого що щоб як яка яке який які я";
