"""The published models show their provenance. Their own records hold none of it, and a deleted record leaves none."""

from odoo import api, fields, models


class Shown(models.AbstractModel):
    _name = "assay.provenance.shown"
    _description = "Shows its provenance"

    assay_provenance_ids = fields.One2many(
        "assay.provenance", "res_id", string="Provenance", domain=lambda self: [("res_model", "=", self._name)]
    )
    assay_golden_id = fields.Char("Golden record", compute="_compute_assay")
    assay_sources = fields.Char("Sources", compute="_compute_assay")
    assay_run_id = fields.Char("Last run", compute="_compute_assay")
    assay_run_at = fields.Datetime("Published", compute="_compute_assay")
    assay_run_url = fields.Char("Run", compute="_compute_assay")

    @api.depends("assay_provenance_ids.run_id", "assay_provenance_ids.written_at", "assay_provenance_ids.source")
    def _compute_assay(self):
        template = self.env["ir.config_parameter"].sudo().get_param("assay.run_url") or ""
        for record in self:
            rows = record.assay_provenance_ids
            last = rows.sorted(lambda row: (row.written_at or fields.Datetime.now(), row.id))[-1:]
            record.assay_golden_id = last.golden_id
            record.assay_sources = ", ".join(sorted({source for source in rows.mapped("source") if source})) or False
            record.assay_run_id, record.assay_run_at = last.run_id, last.written_at
            record.assay_run_url = template.replace("{run}", last.run_id) if template and last else False

    def unlink(self):
        rows = self.env["assay.provenance"].sudo().search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        done = super().unlink()
        rows.unlink()
        return done


class Partner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "assay.provenance.shown"]


class ProductTemplate(models.Model):
    _name = "product.template"
    _inherit = ["product.template", "assay.provenance.shown"]


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["product.product", "assay.provenance.shown"]


class PricelistItem(models.Model):
    _name = "product.pricelist.item"
    _inherit = ["product.pricelist.item", "assay.provenance.shown"]
