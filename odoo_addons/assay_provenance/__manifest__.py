{
    "name": "Assay provenance",
    "version": "19.0.1.0.0",
    "summary": "Where the values that Assay published come from: sources, rules, what lost, and the run",
    "category": "Hidden/Tools",
    "license": "Other OSI approved licence",
    "depends": ["product"],
    "data": ["security/ir.model.access.csv", "views/provenance.xml"],
}
