"""The sentences whose embeddings the verifiers are calibrated on: made from the phrases below, the same every time.

One topic is (subjects, predicates, circumstances). A sentence takes one of each and a frame around them.
"""

TOPICS = {
    "gardens": (
        ["the gardener", "an old apple tree", "the school's vegetable patch", "our neighbour's greenhouse", "a hedge of hornbeam"],
        ["needs pruning before the sap rises", "gives more fruit than last year", "suffers from mildew", "is watered by a rain barrel", "shelters a family of hedgehogs"],
        ["after a mild winter", "on the south side of the house", "despite the dry spring", "since the soil was limed", "until the first frost"]),
    "cooking": (
        ["this bread dough", "a slow stew", "my grandmother's dumplings", "the pan sauce", "a simple risotto"],
        ["wants more salt", "should rest for an hour", "tastes better the next day", "burns when nobody stirs it", "goes well with roasted carrots"],
        ["at a low temperature", "with a splash of vinegar", "when guests arrive late", "in a cast-iron pot", "if the flour is coarse"]),
    "astronomy": (
        ["the comet", "a binary star", "Jupiter's largest moon", "the radio telescope", "a faint galaxy"],
        ["was observed for three nights", "changes its brightness every week", "hides an ocean below its ice", "drifts out of alignment", "is visible with binoculars"],
        ["before dawn in the east", "far from city lights", "according to the survey", "at a distance of forty light years", "during the eclipse"]),
    "databases": (
        ["the write-ahead log", "a covering index", "the query planner", "one long transaction", "the replica in the second region"],
        ["keeps growing without a checkpoint", "avoids a scan of the table", "chooses a nested loop", "blocks the vacuum", "lags behind by two minutes"],
        ["under heavy load", "after the schema migration", "when statistics are stale", "on spinning disks", "because of a missing constraint"]),
    "distributed systems": (
        ["a replicated counter", "the gossip protocol", "every vector clock", "the elected leader", "a network partition"],
        ["converges without coordination", "spreads the update in a few rounds", "orders only what is causally related", "steps down after a timeout", "splits the cluster in halves"],
        ["even if messages arrive twice", "as long as one path remains", "under eventual consistency", "when the lease expires", "until the link heals"]),
    "medicine": (
        ["the patient", "a new vaccine", "the night nurse", "an infected wound", "the cardiologist"],
        ["complains of a dull headache", "lowers the risk of severe illness", "checks the blood pressure", "must be cleaned twice a day", "recommends more exercise"],
        ["after the operation", "in a trial with two hundred people", "according to the guideline", "without any side effects", "during the first week"]),
    "football": (
        ["the young goalkeeper", "our midfield", "the visiting team", "a late substitute", "the referee"],
        ["saved two penalties", "lost the ball too often", "defended with ten players", "scored from a corner", "stopped play for an injury"],
        ["in the second half", "in front of a full stadium", "although it rained", "during extra time", "for the third match in a row"]),
    "law": (
        ["the tenant", "an appeals court", "the signed contract", "a witness", "the data protection officer"],
        ["may terminate with three months' notice", "overturned the earlier ruling", "contains an invalid clause", "withdrew the statement", "asked for a record of processing"],
        ["under the civil code", "for lack of evidence", "by the end of the quarter", "without giving reasons", "as the regulation demands"]),
    "weather": (
        ["a cold front", "the morning fog", "heavy snowfall", "the summer storm", "a dry easterly wind"],
        ["crosses the coast tonight", "lifts slowly over the valley", "closes the mountain pass", "brings hail and lightning", "lowers the humidity"],
        ["earlier than forecast", "for several days", "at low altitudes", "in the northern provinces", "before the weekend"]),
    "music": (
        ["the string quartet", "a jazz pianist", "the church organ", "our choir", "an electric bass line"],
        ["rehearses the slow movement", "improvises over a blues", "is tuned once a year", "sings without accompaniment", "drives the whole song"],
        ["in an empty hall", "with brushes on the drums", "at half the tempo", "for the anniversary concert", "in a minor key"]),
    "finance": (
        ["the central bank", "a small investor", "the quarterly report", "an index fund", "the company's debt"],
        ["raised the interest rate again", "sold all shares in panic", "shows lower margins", "spreads the risk widely", "must be refinanced"],
        ["to slow inflation", "after the market opened", "because of weak demand", "at a cost of two per cent", "before the fiscal year ends"]),
    "travel": (
        ["the night train", "a cheap hostel", "our ferry", "the mountain railway", "a tourist guide"],
        ["leaves an hour late", "is booked out", "crosses to the island", "climbs through eleven tunnels", "explains the old town"],
        ["at the end of August", "near the central station", "in rough seas", "with a view of the glacier", "in four languages"]),
    "biology": (
        ["a worker bee", "the enzyme", "this species of moss", "a migrating stork", "the bacterial colony"],
        ["dances to point out nectar", "folds into its active shape", "survives complete drying", "follows the same route each year", "resists the antibiotic"],
        ["inside the hive", "at body temperature", "on bare rock", "over thousands of kilometres", "after a single mutation"]),
    "programming": (
        ["the borrow checker", "a recursive function", "the unit test", "this regular expression", "an unhandled exception"],
        ["rejects the second mutable reference", "overflows the stack", "fails only on Windows", "backtracks exponentially", "terminates the worker process"],
        ["at compile time", "for deeply nested input", "in continuous integration", "when the string is long", "without a useful message"]),
    "education": (
        ["the first-year students", "a patient teacher", "the written exam", "an online course", "the school library"],
        ["struggle with fractions", "explains the proof twice", "covers four chapters", "loses half of its participants", "opens during the holidays"],
        ["in small groups", "with coloured chalk", "at the end of term", "after the second week", "thanks to volunteers"]),
    "history": (
        ["the medieval guild", "a forgotten treaty", "the coastal fortress", "an exiled king", "the first printed map"],
        ["controlled the price of cloth", "ended forty years of war", "was besieged twice", "returned with a foreign army", "shows an island that never existed"],
        ["in the fifteenth century", "according to the chronicle", "until the harbour silted up", "against all expectations", "for the merchants of the city"]),
    "energy": (
        ["the wind farm", "a heat pump", "the high-voltage line", "an ageing reactor", "the battery in the basement"],
        ["feeds the grid at night", "halves the heating bill", "carries power to the south", "is shut down for inspection", "stores the surplus of the day"],
        ["on stormy days", "in a well-insulated house", "over a hundred kilometres", "for the next eighteen months", "from the panels on the roof"]),
    "art": (
        ["the landscape painter", "a bronze sculpture", "the museum's new wing", "an anonymous fresco", "the restorer"],
        ["prefers muted colours", "stands in the courtyard", "attracts younger visitors", "was hidden behind plaster", "removes the yellowed varnish"],
        ["in the late works", "since the exhibition", "with daylight from above", "for three centuries", "under a microscope"]),
    "logistics": (
        ["the container ship", "a delivery robot", "the customs office", "our warehouse", "the truck driver"],
        ["waits outside the harbour", "stops at every kerb", "inspects one pallet in ten", "runs out of shelves", "takes the longer route"],
        ["because of a strike", "in the pedestrian zone", "without prior notice", "ahead of the holidays", "to avoid the toll"]),
    "chemistry": (
        ["the catalyst", "a saturated solution", "the polymer film", "an acid of this strength", "the mass spectrometer"],
        ["loses its activity", "forms large crystals", "stretches without tearing", "dissolves the oxide layer", "separates the two isotopes"],
        ["above ninety degrees", "if it cools slowly", "in humid air", "within a few seconds", "with high resolution"]),
    "family": (
        ["my younger sister", "the twins", "our grandfather", "a crying baby", "the whole family"],
        ["moved to another city", "share one bicycle", "tells the same story", "sleeps only in the car", "meets for breakfast"],
        ["after finishing school", "without quarrelling", "every Christmas", "between two and four", "on the first Sunday of the month"]),
    "security": (
        ["the phishing mail", "a stolen laptop", "the certificate authority", "an expired key", "the penetration test"],
        ["imitates the payroll office", "contains unencrypted backups", "revoked the intermediate certificate", "breaks every signature", "found a forgotten server"],
        ["with a convincing logo", "in spite of the policy", "within twenty-four hours", "on all mobile devices", "behind the second firewall"]),
    "animals": (
        ["the shepherd's dog", "a stray cat", "the zoo's oldest elephant", "an injured owl", "the herd of goats"],
        ["obeys a single whistle", "sleeps under the parked car", "recognises its former keeper", "cannot fly yet", "climbs the steepest slope"],
        ["from a great distance", "on cold evenings", "after thirty years", "until the wing has healed", "in search of fresh grass"]),
    "construction": (
        ["the scaffolding", "a timber frame", "the crane operator", "an old brick wall", "the structural engineer"],
        ["must be anchored again", "dries for two months", "waits for the wind to drop", "absorbs water from below", "doubles the reinforcement"],
        ["before the inspection", "under a tin roof", "on the upper floors", "next to the railway", "according to the new standard"]),
}

FRAMES = [
    "{s} {p} {c}.",
    "{c}, {s} {p}.",
    "Nobody expected that {s} {p} {c}.",
    "Is it true that {s} {p} {c}?",
    "Note for tomorrow: {s} {p} {c}.",
    "We were told that {s} {p} {c}, and it surprised us.",
]

PER_TOPIC = 40


def sentences():
    """960 different sentences, in an order in which topics alternate."""
    # Of the 125 combinations of a topic every third is taken; 3 and 125 share no factor, so none comes twice.
    made = []
    for number in range(PER_TOPIC):
        for topic, (subjects, predicates, circumstances) in enumerate(TOPICS.values()):
            combination = (number * 3 + topic * 7) % 125
            parts = {
                "s": subjects[combination % 5],
                "p": predicates[combination // 5 % 5],
                "c": circumstances[combination // 25],
            }
            text = FRAMES[(number + topic) % len(FRAMES)].format(**parts)
            made.append(text[0].upper() + text[1:])
    assert len(set(made)) == len(made) == PER_TOPIC * len(TOPICS)
    return made
