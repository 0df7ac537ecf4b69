"""What Assay says of one published field of one record. Assay writes it while publishing; nobody else does."""

from odoo import api, fields, models


class Provenance(models.Model):
    _name = "assay.provenance"
    _description = "Provenance of a published field"
    _order = "res_model, res_id, field_name"

    res_model = fields.Char("Model", required=True, index=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True, index=True)
    golden_id = fields.Char("Golden id", required=True)
    field_name = fields.Char(required=True)
    field_label = fields.Char("Field", compute="_compute_field_label")
    value = fields.Char(help="As written: a relation as the id of its record, a selection as its key.")
    shown_value = fields.Char("Value", compute="_compute_shown_value")
    source = fields.Char(help="The record of a system that the value comes from, such as shopify:123.")
    rule = fields.Char(help="Why this value won.")
    losing = fields.Text("Lost", help="The values that differ, one a line: who says what, and why it lost.")
    run_id = fields.Char("Run", required=True, help="The run that wrote the field last.")
    written_at = fields.Datetime("Published")

    _one_per_field = models.Constraint("unique(res_model, res_id, field_name)", "A field has one provenance.")

    @api.depends("res_model", "field_name")
    def _compute_field_label(self):
        for row in self:
            field = row._field()
            row.field_label = field._description_string(self.env) if field else row.field_name

    @api.depends("res_model", "field_name", "value")
    def _compute_shown_value(self):
        for row in self:
            field = row._field()
            row.shown_value = row.value
            if field and field.type == "many2one" and (row.value or "").isdigit():
                record = self.env[field.comodel_name].sudo().browse(int(row.value)).exists()
                row.shown_value = record.display_name if record else row.value
            elif field and field.type == "selection":
                row.shown_value = dict(field._description_selection(self.env)).get(row.value, row.value)

    def _field(self):
        known = self.env[self.res_model]._fields if self.res_model in self.env else {}
        return known.get(self.field_name)
